"""What it costs, and what it reaches: scripts that measure and write what the docs show."""
