"""Named conditions: under what circumstances a known failure shows, for the entries of a baseline."""
