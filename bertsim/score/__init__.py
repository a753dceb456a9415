"""Vectors and logits -> scores, numpy alone: measures, calibrations, combinations, words."""
