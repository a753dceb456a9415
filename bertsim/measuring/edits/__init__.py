"""Minimal edits made by rule: plain English sentences -> labelled inference pairs that differ in one place."""

from bertsim.measuring.edits.antonyms import EVERYDAY, Antonyms, is_held_out_pair, read_antonyms
from bertsim.measuring.edits.making import KINDS, Edit, make_edits, take_evenly

__all__ = [
    "EVERYDAY",
    "KINDS",
    "Antonyms",
    "Edit",
    "is_held_out_pair",
    "make_edits",
    "read_antonyms",
    "take_evenly",
]
