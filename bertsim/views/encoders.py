"""The choice of an encoder, and the line that says how far one is. In: what is offered, what is loaded. Out: HTML."""

from __future__ import annotations

from collections.abc import Sequence

from bertsim.ui.catalog import Offer
from bertsim.views.markup import attributes, note, text


def encoder_cards(offers: Sequence[Offer], current: str) -> str:
    """One button for every encoder: its name, what it weighs, what it is good for; pressing one reports its index.

    Args:
        offers: what may be chosen.
        current: the name of the one in use.
    """
    cards = "".join(
        f'<button type="button" class="bs-encoder"'
        f"{attributes(data_pick=index, aria_pressed=str(offer.name == current).lower())}>"
        f'<span class="bs-encoder-name">{_short(offer.name)}</span>'
        f'<span class="bs-encoder-size">{text(_size(offer))}</span>'
        f'<span class="bs-encoder-use">{text(offer.good_for)}</span></button>'
        for index, offer in enumerate(offers)
    )
    return f'<div class="bs-encoders" role="group" aria-label="Encoder">{cards}</div>'


def _short(name: str) -> str:
    """A name whose owner, where it has one, is set apart."""
    owner, slash, own = name.rpartition("/")
    return f"<i>{text(owner + slash)}</i>{text(own)}" if owner else text(own)


def _size(offer: Offer) -> str:
    if offer.source is None:
        return "bundled"
    return "on disk" if offer.megabytes is None else f"{offer.megabytes} MB"


def encoder_on_its_way(name: str, what: str, share: float | None, current: str) -> str:
    """A bar and a line while an encoder is fetched and loaded.

    Args:
        name: of the encoder that was chosen.
        what: what is being done.
        share: how much of it is done, 0 to 1; None = not known.
        current: the encoder that goes on meanwhile.
    """
    done = "" if share is None else f"{min(max(share, 0.0), 1.0):.0%}"
    value = None if share is None else f"{share:.3f}"
    bar = attributes(aria_label=f"Loading {name}", max=1, value=value)
    return (
        f'<p class="bs-way"><progress{bar}>{done}</progress> <b>{text(name)}</b> '
        f"<span>{text(what)}{f', {done}' if done else ''}. {text(current)} goes on meanwhile.</span></p>"
    )


def encoder_in_use(name: str, is_bundled: bool, bundled: str) -> str:
    """What is in use now; where it is not the bundled encoder, a button that goes back to it, which reports 0."""
    back = (
        ""
        if is_bundled
        else f' <button type="button" class="bs-quiet"{attributes(data_pick=0)}>Back to {text(bundled)}</button>'
    )
    return f'<p class="bs-way"><span>Scored by</span> <b>{text(name)}</b>{back}</p>'


def encoder_failed(message: str, current: str) -> str:
    """Why an encoder cannot be had, and what goes on."""
    return note(f"{message} {current} goes on.")
