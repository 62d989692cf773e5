"""A run: what was asked for, its units of work, and how each is done."""
