"""From what checks yield to verdicts: judgements, what a run finds, what a baseline excuses."""
