"""What a check is, and how a function becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.contract import Clause, clause
from conformance.observation.difference import Difference
from conformance.transports.journey import Journey

__all__ = ["REGISTERED", "Check", "Judged", "verifies"]

# What a check yields: (transport, difference) for each place where the clause's premise was met; ``None``: it held.
Judged = Iterator[tuple[str, Difference | None]]


@dataclass(frozen=True)
class Check:
    """A clause and a function that judges it from a journey, with all that a run has to know of it.

    ``arrivals`` says that it tells something of a split where it arrives: such a clause depends on the transport, and
    is judged through engines too. ``together`` says the same of several splits that travel in one payload. ``units``
    are the units of work that judge the clause by ways of their own, besides those that send examples; ``journeys`` is
    false where those that do tell nothing of it. What takes long is judged on one in ``one_in`` examples only, unless
    the example is exhaustive.
    """

    clause: Clause
    judge: Callable[[Journey], Judged]
    arrivals: bool = False
    together: bool = False
    units: tuple[str, ...] = ()
    journeys: bool = True
    one_in: int = 1


REGISTERED: list[Check] = []


def verifies(
    clause_id: str,
    *,
    arrivals: bool = False,
    together: bool = False,
    units: tuple[str, ...] = (),
    journeys: bool = True,
    one_in: int = 1,
) -> Callable[[Callable[[Journey], Judged]], Callable[[Journey], Judged]]:
    """Register a function as a check of the clause; the arguments are the fields of :class:`Check`.

    Raises:
        LookupError: there is no such clause.

    """
    verified = clause(clause_id)

    def register(judge: Callable[[Journey], Judged]) -> Callable[[Journey], Judged]:
        REGISTERED.append(Check(verified, judge, arrivals or together, together, units, journeys, one_in))
        return judge

    return register
