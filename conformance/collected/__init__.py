"""What pytest collects in a run: its units of work."""
