"""Vectors and logits -> scores, numpy alone: measures, alignment, calibration, combination, words."""
