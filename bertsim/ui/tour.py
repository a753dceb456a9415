"""Six links, each with a question to answer before it is followed; what they say is of the bundled encoder."""

from __future__ import annotations

from bertsim.ui.controls import Choices
from bertsim.ui.examples import EXAMPLES
from bertsim.ui.tabs import TABS
from bertsim.views.overview import COSINES
from bertsim.views.tour import Stop


def link_of(stop: Stop, allowed: Choices, start: str) -> str:
    """A stop's address on the page; `allowed`: by the bundled encoder; `start`: the one that the app begins with."""
    query = allowed.write_link(stop.a, stop.b, stop.tab or TABS[0].name, {**allowed.defaults, **stop.values}, start)
    return f"?{query}{'#bs-tabs' if stop.tab else ''}"


TOUR = (
    Stop(
        "“Alice paid Bob.” and “Bob paid Alice.”: how alike are their vectors?",
        ("About .3", "About .6", "Nearly 1"),
        2,
        "The cosine is .99. The same three words are in both, and the vectors hardly tell who paid whom.",
        "See which word meets which: the lines cross",
        "Alice paid Bob.",
        "Bob paid Alice.",
        "meets",
        {"layer": "6", "head": COSINES},
    ),
    Stop(
        "“The museum is open on Sunday.” gets a “not”. What becomes of the cosine?",
        ("It falls below 0", "It falls to about .3", "It stays above .7"),
        2,
        "It is .76 still: one word of seven changed. Read together, the two contradict each other.",
        "See it climb with the “not” hidden",
        "The museum is open on Sunday.",
        "The museum is not open on Sunday.",
        "saw",
        {"mask": ["b4"]},
    ),
    Stop(
        "“The patient is alive.” or “dead”: which way of reading notices?",
        ("Two vectors, compared", "Both sentences read together"),
        1,
        "The cosine is .84, as for many a paraphrase. Read together they contradict each other, in both directions.",
        "See both ways of reading",
        "The patient is alive.",
        "The patient is dead.",
    ),
    Stop(
        "The bank of a river, an account at the bank: where does BERT tell the two words apart?",
        ("They come in different", "They come in nearly the same and part on the way", "Nowhere"),
        1,
        "Their cosine is .97 at the embeddings and .76 at the last layer: their neighbours have made the difference.",
        "See the two words on their way through the layers",
        "She sat on the bank of the river.",
        "She opened an account at the bank.",
        "layers",
        {"pins": ["a5", "b7"]},
    ),
    Stop(
        "“Kids love sweets.” and “Children adore candy.” have no word in common. What is their cosine?",
        ("About 0", "About .4", "About .8"),
        2,
        "It is .78, above every unrelated pair of the ruler: words that stand in like places have like vectors.",
        "See which words found each other",
        "Kids love sweets.",
        "Children adore candy.",
        "meets",
        {"layer": "6", "head": COSINES},
    ),
    Stop(
        "At the end of a very long sentence the wind comes up. What does that do to the score?",
        ("It falls a little", "Nothing at all"),
        1,
        "Nothing: BERT reads so many tokens and no more. The end was cut off, and the page says so.",
        "See what was not read",
        *EXAMPLES[-1][1:],
        "saw",
    ),
)
