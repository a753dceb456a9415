"""The pictures in the README: `python -m tests.browser.screenshots` writes them where the README finds them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser

from tests.browser.server import ROOT, on_show

ASSETS = ROOT / "bertsim" / "ui" / "assets"
MODE = {"mode": "rank"}
"""The mode beside Compare that is shown: Rank, with its first example."""
CARD = {"a": "Alice paid Bob.", "b": "Bob paid Alice."}


def take(browser: Browser, url: str) -> Path:
    """Write the picture of the first result."""
    page = browser.new_page(viewport={"width": 1200, "height": 900}, device_scale_factor=2, reduced_motion="reduce")
    page.goto(url)
    page.wait_for_selector("#bs-ways .bs-lane")  # which come behind the first verdict
    page.mouse.move(2, 2)
    page.wait_for_timeout(400)
    path = ASSETS / "screenshot-light.png"
    page.screenshot(path=path, full_page=True)
    page.close()
    return shrink(path, path)


def take_mode(browser: Browser, url: str) -> Path:
    """Write the picture of a mode, its best lines read."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, device_scale_factor=2, reduced_motion="reduce")
    page.goto(f"{url}?{urlencode(MODE)}")
    page.locator("#bs-rank-others").get_by_text("The numbers as a table", exact=True).wait_for()
    page.mouse.move(2, 2)
    page.wait_for_timeout(400)
    path = ASSETS / "screenshot-modes.png"
    page.screenshot(path=path, full_page=True)
    page.close()
    return shrink(path, path)


def take_card(browser: Browser, url: str) -> Path:
    """Write the card of a pair, as "Share" saves it: the picture that stands where a link to the page is shown."""
    page = browser.new_page(reduced_motion="reduce")
    page.goto(url + "?" + urlencode(CARD))
    page.locator("#bs-share").wait_for(state="attached")
    page.get_by_role("button", name="Share", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG").click()
    path = shrink(Path(saved.value.path()), ASSETS / "card.png")
    page.close()
    return path


def shrink(path: Path, to: Path) -> Path:
    """Write a picture in 256 colours, which are enough for paper and ink, and a third of the size."""
    with Image.open(path) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(to, "PNG", optimize=True)
    return to


def main() -> None:
    """Take every picture."""
    with on_show() as (browser, url):
        print(take(browser, url))
        print(take_mode(browser, url))
        print(take_card(browser, url))


if __name__ == "__main__":
    main()
