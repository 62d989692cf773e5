"""Scripts that measure costs and coverage, and write the figures that the docs show."""
