"""`bertsim export`: a checkpoint -> a folder, or a flatbuffer alone, that the fast engine runs."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from bertsim.batch.partial import check_output
from bertsim.bert.folder import open_folder
from bertsim.cli.files import check_readable
from bertsim.cli.output import native_log_held_back, say
from bertsim.data.pairs import open_pairs
from bertsim.errors import ExportError, InputError
from bertsim.export.writing import check_new_folder
from bertsim.measuring.labelled import LabelledPairs, find_label, read_labelled

HELP = "turn a checkpoint into a checked LiteRT flatbuffer"
DESCRIPTION = """\
Convert an encoder for the fast engine, int8, and check it against the TensorFlow model before it is written:
  python -m bertsim export --encoder my-bert --output my-bert-int8 --data stsb-dev.tsv
--output FOLDER gives a checkpoint in the layout of weights/, ready for --encoder and for the Hub;
--output FILE.tflite the flatbuffer alone."""
MAX_LOSS = 0.003
"""How far Spearman on --data may be from the TensorFlow model's."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--encoder", metavar="FOLDER", type=Path, required=True, help="a BERT checkpoint")
    add("--output", metavar="PATH", type=Path, required=True, help="a new folder, or a .tflite file")
    add("--data", metavar="FILE", type=Path, help="labelled pairs: Spearman must agree within 0.003")


def run(args: argparse.Namespace) -> int:
    """Export beside the output, check, and move into place; nothing is left where a check fails.

    Raises: InputError, without a folder to read or to write to, or for a file of the encoder.
    """
    alone = args.output.suffix == ".tflite"
    output = args.output.resolve()  # behind a link
    if not args.encoder.is_dir():
        raise InputError(f"{args.encoder} is no folder; export takes the folder of a checkpoint.")
    check = check_output if alone else check_new_folder
    check(args.output)
    encoder = open_folder(args.encoder)
    if output in {(args.encoder / name).resolve() for name in encoder.checksums}:
        raise InputError(f"{args.output} is a file of the encoder that its manifest names; choose another --output.")
    if not output.parent.is_dir():
        raise InputError(f"{args.output}: there is no folder {args.output.parent}; make it first.")
    labelled = None if args.data is None else read_labelled(find_label(open_pairs(args.data)))
    if labelled is not None:
        for place in range(len(labelled.pairs)):
            check_readable(labelled, place, encoder.tokenizer.check_sentence)
    say(f"bertsim: exporting {args.encoder}; this takes up to a minute.")
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as temporary:
        folder = Path(temporary) / "encoder"
        with native_log_held_back():
            from bertsim.engines.base import FLATBUFFER
            from bertsim.export.bundle import build_bundle

            lowest = build_bundle(args.encoder, folder)
            agreement = "" if labelled is None else _check_spearman(args.encoder, folder, labelled)
        os.replace(folder / FLATBUFFER if alone else folder, output)
    print(f"{args.output}: lowest cosine of an embedding to the TensorFlow model's {lowest:.4f}{agreement}.")
    return 0


def _check_spearman(encoder: Path, exported: Path, data: LabelledPairs) -> str:
    """Evaluate the checkpoint and its export on labelled pairs; return both figures, in words."""
    import bertsim
    from bertsim.measuring.evaluation import evaluate

    fast, exact = (
        evaluate(bertsim.load(folder, engine=engine).score(data.pairs), data.labels, 1).spearman.value
        for folder, engine in ((exported, "litert"), (encoder, "tensorflow"))
    )
    words = f"Spearman {fast:.4f}, TensorFlow {exact:.4f}"
    if not abs(fast - exact) <= MAX_LOSS:
        limit = f"{MAX_LOSS} apart is the limit; use --engine tensorflow instead"
        raise ExportError(f"nothing was written: {words}, and {limit}.")
    return f"; {words}"
