"""The moving picture in the README: `python -m tests.browser.moving` presses tokens out of a pair and films that."""

from __future__ import annotations

import io
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import FloatRect, Page, expect

from tests.browser.screenshots import ASSETS
from tests.browser.server import on_show

PAIR = {"a": "The patient is alive.", "b": "The patient is dead."}
PRESSES = ("b4", "a4", "a2", "b2", "a4", "b4", "a2")
FILM = ASSETS / "mask.webp"
SHOWN = 1300
"""Milliseconds that a picture stands."""


def area(page: Page) -> FloatRect:
    """The part of the page that is filmed: the scores, and the tokens of both sentences."""
    scores = page.locator("#bs-saw .bs-tracks").bounding_box()
    tokens = page.locator("#bs-saw figure").last.bounding_box()
    assert scores
    assert tokens
    return {"x": 0, "y": scores["y"] - 12, "width": 880, "height": tokens["y"] + tokens["height"] - scores["y"] + 24}


def picture(page: Page, within: FloatRect) -> Image.Image:
    """What stands there now."""
    page.mouse.move(2, 2)
    return Image.open(io.BytesIO(page.screenshot(clip=within))).convert("RGB")


def main() -> None:
    """Take every picture and join them."""
    with on_show() as (browser, url):
        page = browser.new_page(viewport={"width": 900, "height": 1800}, reduced_motion="reduce")
        page.goto(f"{url}?{urlencode(PAIR)}")
        for drawn in ("#bs-saw .bs-effects", "#bs-ways .bs-lane"):
            page.locator(drawn).first.wait_for()
        within = area(page)
        frames = [picture(page, within)]
        for key in PRESSES:
            token = page.locator(f'#bs-saw [data-pick="{key}"]')
            before = token.get_attribute("aria-pressed")
            token.click()
            expect(token).not_to_have_attribute("aria-pressed", str(before))
            page.evaluate("document.activeElement.blur()")
            frames.append(picture(page, within))
    frames[0].save(FILM, save_all=True, append_images=frames[1:], duration=SHOWN, loop=0, quality=80, method=6)
    print(FILM, f"{FILM.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
