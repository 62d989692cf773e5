"""The versions under which the suite runs: a table of versions, files generated from it, and the results."""
