"""What can be noticed of a split, as plain values, and where two observations differ."""
