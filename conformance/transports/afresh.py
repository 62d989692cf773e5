"""Asks a process that has seen no example yet, for what this one has seen may take part in what it shows."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from conformance.transports.processes import apart, forkserver
from conformance.transports.transport import STARTED

__all__ = ["asked_afresh"]

# Seconds that an answer may take.
MOST_SECONDS = 15.0


def asked_afresh(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function of a module returns in a process that has seen no example; ``None`` for no answer."""
    context = forkserver()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sender, function, arguments))
    with apart():
        process.start()
    sender.close()
    try:
        answer = receiver.recv() if receiver.poll(MOST_SECONDS) else None
    except EOFError:
        answer = None
    process.kill()
    process.join()
    receiver.close()
    return answer


def _tell(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    with STARTED:
        sender.send(function(*arguments))
