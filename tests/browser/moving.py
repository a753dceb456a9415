"""The moving picture in the README: `python -m tests.browser.moving` presses tokens out of a pair and films that."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.screenshots import ASSETS
from tests.browser.server import chromium_at, served
from tests.chromium import MISSING, find_chromium

PAIR = {"a": "The patient is alive.", "b": "The patient is dead."}
PRESSES = ("b4", "a4", "b4", "a4")
FILM = ASSETS / "mask.webp"
SHOWN = 1300
"""Milliseconds that a picture stands."""


def picture(page: Page) -> Image.Image:
    """The part of the page that is filmed."""
    first = page.locator("#bs-saw .bs-tracks").bounding_box()
    last = page.locator("#bs-saw figure").last.bounding_box()
    assert first
    assert last
    area = {"x": 0, "y": first["y"] - 12, "width": 760, "height": last["y"] + last["height"] - first["y"] + 20}
    return Image.open(io.BytesIO(page.screenshot(clip=area, full_page=True))).convert("RGB")  # type: ignore[arg-type]


def main() -> int:
    """Take every picture and join them; 1 where there is no browser."""
    chromium = find_chromium()
    if chromium is None:
        print(MISSING, file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "app.log") as url,
        chromium_at(chromium) as browser,
    ):
        page = browser.new_page(viewport={"width": 900, "height": 1200}, reduced_motion="reduce")
        page.goto(f"{url}?{urlencode(PAIR)}")
        page.locator("#bs-saw .bs-effects").first.wait_for()
        pictures = [picture(page)]
        for key in PRESSES:
            token = page.locator(f'#bs-saw [data-pick="{key}"]')
            before = token.get_attribute("aria-pressed")
            token.click()
            expect(token).not_to_have_attribute("aria-pressed", str(before))
            page.mouse.move(2, 2)
            pictures.append(picture(page))
    width, height = (max(size) for size in zip(*(each.size for each in pictures), strict=True))
    frames = [each.crop((0, 0, width, height)) for each in pictures[:-1]]
    frames[0].save(FILM, save_all=True, append_images=frames[1:], duration=SHOWN, loop=0, quality=80, method=6)
    print(FILM, f"{FILM.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
