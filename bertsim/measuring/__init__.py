"""How well scores agree with people, and what a model is known to miss: correlation, probes, minimal edits."""
