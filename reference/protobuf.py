"""Protobuf bytes, taken apart and put together without knowledge of the messages in them."""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """A field of a message: its number, its bytes as they stand there, and what they delimit (`None` for numbers)."""

    number: int
    whole: bytes
    inside: bytes | None


def fields(data: bytes) -> list[Field]:
    """Return the fields of a protobuf message; none if the data is not one."""
    found = []
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    try:
        while position < len(data):
            begin = position
            number, kind = divmod(varint(), 8)
            inside = None
            if kind == 0:
                varint()
            elif kind in (1, 5):
                position += 8 if kind == 1 else 4
            elif kind == 2:
                length = varint()
                inside = data[position : position + length]
                position += length
            else:
                return []
            found.append(Field(number, data[begin:position], inside))
    except IndexError:
        return []
    return found if position == len(data) else []


def message(data: bytes) -> list[tuple[int, bytes]]:
    """Return (number, bytes) of the length-delimited fields of a message."""
    return [(each.number, each.inside) for each in fields(data) if each.inside is not None]


def delimited(number: int, inside: bytes) -> bytes:
    """Return a length-delimited field."""
    return _varint(number << 3 | 2) + _varint(len(inside)) + inside


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    digits.append(value)
    return bytes(digits)
