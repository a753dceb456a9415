"""The colours of the page: text on every ground it stands on has a contrast of 4.5 or more, light and dark."""

from __future__ import annotations

import re
from itertools import product

import pytest

from bertsim.views.matrix import tint
from tests.browser.server import ROOT

CSS = (ROOT / "bertsim" / "ui" / "assets" / "theme.css").read_text(encoding="utf-8")
GROUNDS = ("paper", "panel", "sunk", "a-wash", "b-wash", "warn-wash")
TEXTS = ("ink", "soft")

Colour = tuple[float, float, float]


def palette(scheme: str) -> dict[str, Colour]:
    """The named colours of a scheme, each channel 0 to 1."""
    block = re.findall(r"\{(.*?)\}", CSS, re.DOTALL)[0 if scheme == "light" else 1]
    return {
        name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4))
        for name, value in re.findall(r"--bs-([\w-]+): #([0-9a-f]{6})", block)
    }


def luminance(colour: Colour) -> float:
    """Relative luminance. Source: WCAG 2.2."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, 1 to 21. Source: WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_21():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_every_ground(scheme):
    colours = palette(scheme)
    pairs = [*product(TEXTS, GROUNDS), ("a", "paper"), ("b", "paper"), ("warn", "paper"), ("warn", "warn-wash")]
    pairs += [("panel", "a"), ("panel", "b"), ("warn", "cell")]
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in weak.items() if value < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("value", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_a_number_can_be_read_in_every_cell_of_a_heat_map(scheme, value):
    colours, share = palette(scheme), tint(value, 0.0, 1.0)
    mixed = [h * share + p * (1 - share) for h, p in zip(colours["heat"], colours["paper"], strict=True)]
    assert contrast(colours["ink"], tuple(mixed)) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_and_focus_stand_out_from_the_ground(scheme):
    colours = palette(scheme)
    for name in ("focus", "up", "down", "soft", "rule"):
        assert contrast(colours[name], colours["paper"]) >= 3
