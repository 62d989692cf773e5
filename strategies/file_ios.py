"""FileIO configurations."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from strategies.drawing import flip, pick
from strategies.specs import FileIOSpec, Value

__all__ = ["SECRET_VALUE", "TABLE_SCHEMES", "file_io_properties", "file_ios"]

# Schemes for which PyIceberg prefers PyArrowFileIO, and schemes for which it prefers FsspecFileIO.
TABLE_SCHEMES = (
    *("file", "bare", "s3", "gs", "abfss", "hf", "s3a", "s3n", "oss"),
    *("hdfs", "viewfs", "abfs", "wasb", "wasbs"),
)

# The value of every secret that is drawn: what must not show up in a repr, an error or a log. In an address, or as
# JSON, it is written otherwise.
SECRET_VALUE = "S3cr3t/do+not=show"

_PROPERTIES: tuple[tuple[str, Value], ...] = (
    ("s3.region", "eu-west-1"),
    ("s3.secret-access-key", SECRET_VALUE),
    ("s3.endpoint", "http://127.0.0.1:9"),
    ("S3.region", "look-alike"),
    ("empty", ""),
    ("größe", "ä ö"),
    ("long", "x" * 300),
    ("lines", "a\nb"),
    ("number", 7),
    ("flag", True),
    ("nothing", None),
    ("ratio", 0.5),
    ("big", 2**70),
    ("s3.session-token", SECRET_VALUE),
    ("adls.account-key", SECRET_VALUE),
    ("gcs.oauth2.token", SECRET_VALUE),
    ("token", SECRET_VALUE),
    (" spaced ", " x "),
    ("json", '{"a": [1]}'),
    # What shells, files of settings, addresses and pages take for something else.
    ("as it is", "~/a$HOME/${USER}/%(name)s/%41/{x}&amp;#\\n"),
)


def file_io_properties(*, max_size: int = 4) -> st.SearchStrategy[tuple[tuple[str, Value], ...]]:
    """Properties with distinct keys: secrets, look-alike keys, empty and long values, values of other types.

    Raises:
        hypothesis.errors.InvalidArgument: ``max_size`` is negative.

    >>> len(file_io_properties(max_size=1).example()) <= 1
    True

    """
    if max_size < 0:
        raise InvalidArgument(f"max_size must be 0 or more, got {max_size}")
    chosen = st.lists(st.sampled_from(_PROPERTIES), unique_by=_key, max_size=min(max_size, len(_PROPERTIES)))
    return chosen.map(tuple)


def file_ios() -> st.SearchStrategy[FileIOSpec]:
    """FileIO configurations: every way to choose the class, any properties, held in any kind of mapping.

    >>> file_ios().example().chosen_by in ("location", "py-io-impl", "instance")
    True
    """
    return _file_ios(file_io_properties())


@st.composite
def _file_ios(draw: st.DrawFn, properties: st.SearchStrategy[tuple[tuple[str, Value], ...]]) -> FileIOSpec:
    chosen_by = pick(draw, ("location", "location", "instance", "py-io-impl"))
    implementation = "pyarrow"
    if chosen_by != "location":
        implementation = pick(draw, ("pyarrow", "fsspec", "vault"))
    return FileIOSpec(
        chosen_by=chosen_by,
        implementation=implementation,
        table_scheme=pick(draw, TABLE_SCHEMES),
        properties=draw(properties),
        mapping=pick(draw, ("dict", "dict", "proxy", "chain", "own")),
        used=flip(draw),
    )


def _key(item: tuple[str, Value]) -> str:
    return item[0]
