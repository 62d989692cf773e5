"""How specs are drawn."""

from __future__ import annotations

import pytest

from conformance.examples.drawing import use_seed_only


def test_a_release_of_hypothesis_that_draws_otherwise_is_refused() -> None:
    class Renamed:
        """A provider without the method that is overridden."""

    with pytest.raises(ImportError, match="install an older Hypothesis"):
        use_seed_only(Renamed)
