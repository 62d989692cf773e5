"""The versions that the suite is run under: a table, what is generated from it, and the results."""
