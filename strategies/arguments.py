"""Arguments of a split's constructor: combinations that must fail, with the error that they must raise, and others."""

from __future__ import annotations

from hypothesis import strategies as st

from strategies.drawing import flip, pick
from strategies.specs import FALSY, ArgumentsSpec, SplitSpec, Value
from strategies.splits import split_specs

__all__ = ["WRONG_KINDS", "invalid_arguments", "valid_arguments"]

# Each argument with what an error about it must name, as a regular expression (BUILD-5).
WRONG_KINDS: dict[str, str] = {
    "file_scan_task": "task|file",
    "table_metadata": "metadata",
    "file_io": r"\bio\b|file[ _]?io",
    "projected_schema": "schema",
    "row_filter": "filter",
    "udf_registry": "registry|udf",
}
# What a caller passes by mistake: of no kind that any argument takes.
_WRONG_VALUES: tuple[Value, ...] = (7, "x", True, 1.5, ("x",))

_BOTH_OR_NEITHER = ("plan", "session", "both|neither|together")


def invalid_arguments(*, splits: st.SearchStrategy[SplitSpec] | None = None) -> st.SearchStrategy[ArgumentsSpec]:
    """Arguments that must fail: a plan without session or the reverse, real ones that are false too; wrong kinds.

    ``splits`` draws what is changed; it must draw splits with a plan.

    >>> invalid_arguments().example().raises in ("ValueError", "TypeError or ValueError")
    True
    """
    return _invalid(split_specs(with_plan=True) if splits is None else splits)


def valid_arguments(*, splits: st.SearchStrategy[SplitSpec] | None = None) -> st.SearchStrategy[ArgumentsSpec]:
    """Borderline arguments that must not fail: neither plan nor session, real ones that are false, no registry.

    ``splits`` draws what is changed; it must draw splits with a plan that survives.

    >>> valid_arguments().example().raises is None
    True
    """
    return _valid(split_specs(with_plan=True) if splits is None else splits)


@st.composite
def _invalid(draw: st.DrawFn, splits: st.SearchStrategy[SplitSpec]) -> ArgumentsSpec:
    split = draw(splits)
    if flip(draw):
        missing, given = pick(draw, (("plan", "session_context"), ("session_context", "plan")))
        changes: tuple[tuple[str, Value], ...] = ((missing, None),)
        if flip(draw):
            changes += ((given, FALSY),)
        return ArgumentsSpec(split, changes, "ValueError", _BOTH_OR_NEITHER)
    argument = pick(draw, tuple(WRONG_KINDS))
    wrong = pick(draw, _WRONG_VALUES)
    return ArgumentsSpec(split, ((argument, wrong),), "TypeError or ValueError", (WRONG_KINDS[argument],))


@st.composite
def _valid(draw: st.DrawFn, splits: st.SearchStrategy[SplitSpec]) -> ArgumentsSpec:
    split = draw(splits)
    options: list[tuple[tuple[str, Value], ...]] = [
        (),
        (("plan", None), ("session_context", None)),
        (("plan", FALSY), ("session_context", FALSY)),
        (("session_context", FALSY),),
        (("plan", None), ("session_context", None), ("udf_registry", None)),
    ]
    return ArgumentsSpec(split, pick(draw, options))
