"""The options that every command with a model shares, and what they become."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bertsim.bert.pooling import COMBINES, POOLINGS
from bertsim.cli.output import LiveLine, native_log_held_back
from bertsim.data.layout import DELIMITERS
from bertsim.data.pairs import MEND_OR_SKIP, Advice
from bertsim.data.rows import QUOTINGS, Reading
from bertsim.engines.base import ENGINES
from bertsim.errors import InputError
from bertsim.records import ALIGNMENT_PARTS, UNTRAINED

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel

NAME_THEM = Advice(
    pair="name them with --columns A B",
    label="name it with --label-column",
    sentence="name it with --column",
    row=MEND_OR_SKIP,
    has_options=True,
)
"""For commands that have those of these options that their files may need."""


def add_encoder_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Which encoder, and what runs it."""
    group = parser.add_argument_group("encoder")
    add = group.add_argument
    add("--encoder", metavar="FOLDER_OR_HUB_ID", help="a BERT checkpoint (default: the bundled one)")
    add("--revision", metavar="R", help="branch, tag or commit on the Hub")
    heads = "trained heads on it, as `train` makes and `publish` sends them (default: its own)"
    add("--heads", metavar="FOLDER_OR_HUB_ID", help=heads)
    engine = "litert: int8, fast (default); tensorflow: float32, the reference"
    add("--engine", choices=ENGINES, default=ENGINES[0], help=engine)
    return group


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """The encoder, and how its token vectors become a sentence's."""
    add = add_encoder_options(parser).add_argument
    poolings = f"{', '.join(POOLINGS)}, or several over tokens as max+mean"
    add("--pooling", metavar="P", help=f"{poolings} (default: the checkpoint's own)")
    layers = 'which hidden states: "-1" (last, the default), "-1,-2", "last4", "all" (0, the embeddings, with them)'
    add("--layers", metavar="L", help=layers)
    combine = "how several layers become one (default: concat)"
    add("--combine", choices=COMBINES, default="concat", help=combine)
    add("--max-length", type=int, metavar="N", help="tokens read of a sentence (default: the checkpoint's own)")


def add_reading_options(parser: argparse.ArgumentParser, what: str = "how FILE is written") -> None:
    """How a file is written, where what is found out is wrong, or cannot be."""
    add = parser.add_argument_group(f"{what} (found out, and said on stderr)").add_argument
    add("--delimiter", metavar="D", help=f"what parts the cells: {', '.join(DELIMITERS)}, or any other character")
    ends = "the end of a cell (double: doubled within one; escaped: behind a backslash; spaced: behind spaces, too)"
    add("--quoting", choices=QUOTINGS, help=f"what a quote is: {ends}, or a character like any other (none)")
    add("--encoding", metavar="E", help="utf-8, utf-16, cp1252, latin-1, … (any that Python knows)")
    header = "whether the first row names the columns; without, they are column1, column2, …"
    add("--header", action=argparse.BooleanOptionalAction, help=header)
    add("--sheet", metavar="NAME", help="of an Excel workbook (default: its first)")


def reading_of(args: argparse.Namespace) -> tuple[Advice, Reading]:
    """What messages say is to be done, and what the reading options say. Raises: InputError, as `Reading`."""
    delimiter = DELIMITERS.get(args.delimiter, args.delimiter)
    return NAME_THEM, Reading(delimiter, args.quoting, args.encoding, args.header, args.sheet)


def load_model(args: argparse.Namespace) -> SimilarityModel:
    """The model that the options name. Raises: InputError, for a revision of nothing."""
    if args.revision is not None and args.encoder is None:
        raise InputError("--revision goes with --encoder USER/NAME, a repository of the Hub.")
    import bertsim

    with native_log_held_back():
        with LiveLine() as line:
            model = bertsim.load(**loading_of(args), progress=line.share)
        if args.engine == "litert":
            model.embed(["LiteRT has its say when it is first used."])
    return model


def loading_of(args: argparse.Namespace) -> dict[str, Any]:
    """The options of `add_encoder_options`, and --max-length, as `bertsim.load` takes them."""
    given = {name: getattr(args, name) for name in ("revision", "engine", "max_length", "heads")}
    return {"source": args.encoder, **given}


def load_scoring(args: argparse.Namespace, *more: str) -> tuple[SimilarityModel, dict[str, Any]]:
    """The model, and `pooling`, `layers` and `combine` as its methods take them; `more` is what --scorer may be, too.

    Raises:
        InputError: a scorer that the model does not have, layers that cannot be read, or one of the three where nothing
            that is asked for goes by it.
    """
    model = load_model(args)
    known, asked = (*model.scorers, *ALIGNMENT_PARTS, *more), parse_scorers(args.scorer) if "scorer" in args else ()
    for name in asked:
        if name not in known:
            raise InputError(f"--scorer is {name!r}; choose one of {', '.join(known)}.")
    scorers = [*asked, *filter(None, [getattr(args, "rerank", None)])]
    said = [f"--{name}" for name in ("pooling", "layers", "combine") if getattr(args, name) not in (None, COMBINES[0])]
    if said and scorers and {*scorers}.isdisjoint((*UNTRAINED, *ALIGNMENT_PARTS, *more)):
        why = "trained heads read the encoder by settings of their own"
        raise InputError(f"{said[0]} changes no score by {' or '.join(scorers)}: {why}; leave it out, or add cosine.")
    layers = parse_layers(args.layers, model.config.num_hidden_layers)
    return model, {"pooling": args.pooling, "layers": layers, "combine": args.combine}


def parse_scorers(text: str) -> tuple[str, ...]:
    """The value of --scorer as names; whether a model has them is for `load_scoring` to say.

    Raises: InputError, if a name is missing, or comes twice.
    Example: "cosine,combined" -> ("cosine", "combined")
    """
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if not name or names.count(name) > 1:
            fault = f"{name!r} twice" if name else "an empty name"
            raise InputError(f"--scorer is {text!r}, with {fault}; name each scorer once, with a comma between two.")
    return names


def parse_layers(text: str | None, num_hidden_layers: int) -> tuple[int, ...] | None:
    """The value of --layers as indices into `hidden_states`.

    Raises: InputError, if it is none of the forms named in --help.
    Example: "last4" -> (-4, -3, -2, -1); "all", 3 layers -> (0, 1, 2, 3); "-1,-2" -> (-1, -2)
    """
    if text is None:
        return None
    if text == "all":
        return tuple(range(num_hidden_layers + 1))
    if text == "last4":
        return -4, -3, -2, -1
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f'--layers is {text!r}; give numbers such as "-1" or "-1,-2", or "last4" or "all".') from error


def positive(text: str) -> int:
    """A whole number from 1 on, for argparse. Raises: ArgumentTypeError, where it is none."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} was given, and a whole number from 1 on was expected")
    return int(text)
