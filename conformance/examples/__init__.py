"""Examples to judge: drawn specs, pinned specs and splits of real tables, each made ready to be built and sent."""
