"""`bertsim pretrain`: plain text -> a BERT of one's own, by word vectors and masked language modelling."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.cli.output import LiveLine, Stopped, native_log_held_back, say
from bertsim.errors import InputError

if TYPE_CHECKING:
    from bertsim.pretraining.loop import Progress
    from bertsim.pretraining.plan import PretrainPlan

HELP = "train a BERT from plain text"
DESCRIPTION = """\
Train a BERT from text, one sentence a line, each file plain or .gz, with a weight where it should count more or less:
  python -m bertsim pretrain --text news.txt.gz novels.txt=0.3 --vocab-size 20000 --start words --budget 40m \\
    --output mine
Go on from a checkpoint: --encoder FOLDER in place of --vocab-size. On a GPU: KERAS_BACKEND=jax.
Stopped by Ctrl-C, SIGTERM or a power cut, at most two minutes are lost; the same words with --resume go on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--text", nargs="+", metavar="FILE[=WEIGHT]", required=True, help="what to learn from")
    add("--output", type=Path, metavar="DIR", required=True, help="a folder that loads as any BERT does")
    add("--budget", metavar="B", required=True, help="20m, 2h, 90s or '5000 steps'")
    add("--resume", action="store_true", help="go on with the run that was stopped in DIR")
    group = parser.add_argument_group("where to begin")
    group.add_argument("--vocab-size", type=int, metavar="N", help="WordPieces to learn from the text")
    group.add_argument("--tokenizer", metavar="FOLDER", help="take the vocabulary of this checkpoint instead")
    group.add_argument("--encoder", metavar="FOLDER", help="go on from this checkpoint")
    group.add_argument(
        "--start",
        choices=("random", "words"),
        default="random",
        help="first weights: random (default), or word vectors from co-occurrence, which compare sentences at once",
    )
    group.add_argument(
        "--pairs",
        type=Path,
        metavar="FILE",
        help="with --start words, tune these on pairs: [[pairs]] and [bag] of a TOML file",
    )
    group.add_argument(
        "--data-root", type=Path, metavar="DIR", default=Path(), help="where the paths of --pairs start"
    )
    _add_sizes(parser.add_argument_group("the BERT"))
    _add_rates(parser.add_argument_group("learning"))
    parser.set_defaults(run=run)


def _add_sizes(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--hidden-size", type=int, metavar="N", default=256, help="(default: 256)")
    add("--layers", type=int, metavar="N", default=4, help="(default: 4)")
    add("--attention-heads", type=int, metavar="N", default=4, help="(default: 4)")
    add("--intermediate-size", type=int, metavar="N", default=1024, help="(default: 1024)")
    add("--max-length", type=int, metavar="N", default=128, help="tokens read of a sentence (default: 128)")


def _add_rates(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--batch-tokens", type=int, metavar="N", default=8192, help="in a step (default: 8192)")
    add("--learning-rate", type=float, metavar="R", default=5e-4, help="the highest (default: 0.0005)")
    add("--warm-up", type=float, metavar="SHARE", default=0.05, help="of the budget (default: 0.05)")
    add("--weight-decay", type=float, metavar="W", default=0.01, help="(default: 0.01)")
    add("--dropout", type=float, metavar="P", default=0.1, help="(default: 0.1)")
    add("--mask-share", type=float, metavar="S", default=0.15, help="of the tokens, hidden (default: 0.15)")
    add("--whole-words", action="store_true", help="hide all pieces of a word or none")
    add(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="of products (default: bfloat16 where the machine has it)",
    )
    add("--seed", type=int, metavar="N", default=0, help="of every random number (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Pre-train as the words say."""
    plan = make_plan(args)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with native_log_held_back():
        from bertsim.pretraining.run import run_plan

    try:
        with Line() as line:
            progress = run_plan(plan, args.output, line, resume=args.resume)
    except Stopped as stop:
        if (args.output / ".run").is_dir():
            stop.told = f"stopped; the record is in {args.output}, and --resume goes on from there."
        raise
    say(
        f"bertsim: {args.output}: done after {progress.step:,} steps, held-out loss "
        f"{progress.history[-1].held_out:.3f}; use it with --encoder {args.output}."
    )
    return 0


def make_plan(args: argparse.Namespace) -> PretrainPlan:
    """The plan that the words ask for. Raises InputError where they do not fit together."""
    from bertsim.pretraining.corpus import parse_text
    from bertsim.pretraining.plan import PretrainPlan, parse_budget

    if args.encoder is not None and not Path(args.encoder).is_dir():
        raise InputError(f"--encoder {args.encoder} is no folder; a BERT checkpoint was expected.")
    names = (
        *("vocab_size", "tokenizer", "encoder", "start", "hidden_size", "intermediate_size", "max_length"),
        *("batch_tokens", "learning_rate", "warm_up", "weight_decay", "dropout", "mask_share", "whole_words"),
        *("precision", "seed"),
    )
    return PretrainPlan(
        tuple(map(parse_text, args.text)),
        parse_budget(args.budget),
        **_pairs(args),
        num_hidden_layers=args.layers,
        num_attention_heads=args.attention_heads,
        **{name: getattr(args, name) for name in names},
    )


def _pairs(args: argparse.Namespace) -> dict[str, Any]:
    """`pairs` and `bag` of the plan."""
    if args.pairs is None:
        return {}
    from bertsim.pretraining.pair_sets import read_pair_list
    from bertsim.pretraining.plan import read_bag_plan

    bag = read_bag_plan(args.pairs, args.seed)
    return {"pairs": read_pair_list(args.pairs, args.data_root), "bag": bag}


class Line(LiveLine):
    """The live line: loss, tokens in a second, time left; where stderr is no terminal, a line a measurement."""

    def __init__(self) -> None:
        super().__init__()
        self._speed = self._loss = 0.0

    def step(self, progress: Progress, loss: float, used: float, tokens_per_second: float) -> None:
        """See `pretraining.loop.Watch`; loss and speed are shown as running means."""
        keep = 0.95 if self._speed else 0.0
        self._speed = keep * self._speed + (1 - keep) * tokens_per_second
        self._loss = keep * self._loss + (1 - keep) * loss
        left = progress.seconds * (1 - used) / max(used, 1e-9)
        shown = f"loss {self._loss:.3f}, {self._speed:,.0f} tokens/s, {left // 60:.0f}:{left % 60:02.0f} left"
        self.show(round(1000 * used), 1000, f"step {progress.step:,}", shown)

    def bag(self, done: int, total: int, loss: float) -> None:
        """See `pretraining.run.Observer`."""
        self.show(done, total, "pairs", f"loss {loss:.3f}")
        if done == total:
            self.close()
            say(f"bertsim: {total:,} steps on pairs, loss {loss:.3f}")

    def point(self, progress: Progress) -> None:
        """See `pretraining.loop.Watch`."""
        self.close()
        last = progress.history[-1]
        loss = "" if last.loss is None else f"loss {last.loss:.3f}, "
        speed = f", {self._speed:,.0f} tokens/s" if self._speed else ""
        say(f"bertsim: step {last.step:,}: {loss}held out {last.held_out:.3f}, {last.seconds:.0f} s{speed}")
