"""What is measured, and what each figure must be: every function gives rows of the table.

The MiniLM-shaped checkpoint has random weights: speed does not depend on their values. Accuracy and padding are
figures of the bundled encoder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench.checkpoint import draw_texts, make_checkpoint
from tests.bench.processes import app_figures, spearman, time_command
from tests.bench.report import Row, latency_row, limit_row, speed_row
from tests.bench.rounds import ROOT, Worker, agreement, duel_all

BUNDLED = ROOT / "weights"
SAME = 0.98
"""Smallest cosine between two engines' embeddings of one sentence; different sentences have 0.66 to 0.92."""
ENGINES = {"litert": "LiteRT int8", "tensorflow": "TensorFlow fp32"}
DUELS: tuple[tuple[str, str, str, float | None], ...] = (
    ("litert", "torch", "sentence-transformers, torch fp32", 4.0),
    ("litert", "onnxruntime", "ONNX Runtime, dynamic int8", 1.3),
    ("litert", "openvino", "OpenVINO", 1.2),
    ("tensorflow", "torch", "sentence-transformers, torch fp32", 1.0),
    ("litert", "torch-bf16", "sentence-transformers, torch bf16", None),
)
"""Ours, theirs, their name in full, and how many times as fast ours must be."""
PAIR_LIMITS = {("litert", "onnxruntime"): 5.0}

Say = Callable[[str], None]


class Bench:
    """One run: where its files are and which Python runs whom.

    Args:
        cache: folder of everything that the bench makes.
        peers: Python of the peers' environment; None where it cannot be had.
        say: tells how far the run is.
    """

    def __init__(self, cache: Path, peers: Path | None, say: Say) -> None:
        self.cache, self.peers, self.say = cache, peers, say
        shutil.rmtree(cache / "exports", ignore_errors=True)  # a flatbuffer of an older exporter is not ours
        os.environ |= {"XDG_CACHE_HOME": str(cache / "exports"), "TF_CPP_MIN_LOG_LEVEL": "2"}
        self.folder = make_checkpoint(cache / "minilm-shape")
        self.texts = self._write_texts(self.folder, "texts")
        self.bundled_texts = self._write_texts(BUNDLED, "texts-bundled")
        say("exporting MiniLM's shape for LiteRT")
        subprocess.run(
            [sys.executable, "-c", f"import bertsim; bertsim.load({str(self.folder)!r})"],
            cwd=ROOT,
            check=True,
        )

    def accuracy(self, what: str, data: Path, stated: float | None = None) -> Iterator[Row]:
        """Spearman of both engines on a file of labelled pairs; `stated` is the figure on the encoder's card."""
        self.say(f"accuracy: {what}")
        exact, served = spearman(data, "tensorflow"), spearman(data, "litert")
        yield Row(
            f"{what}, Spearman of the cosine, bundled encoder, TensorFlow",
            "" if stated is None else f"{stated:.4f} ± 0.0005",
            f"**{exact:.4f}**",
            None if stated is None else abs(exact - stated) <= 0.0005,
        )
        yield Row(
            "the same, LiteRT int8", "not more than 0.003 below", f"**{served:.4f}**", exact - served <= 0.003
        )

    def padding(self) -> Iterator[Row]:
        """How far a score moves with max_length and with its batch."""
        for engine, limit in (("tensorflow", 1e-6), ("litert", 5e-3)):
            self.say(f"padding: {engine}")
            with self._ours(engine, BUNDLED, self.bundled_texts) as worker:
                difference = worker.ask("padding", self.bundled_texts)["difference"]
            what = f"a score at max_length 16, 32, 128, alone or in any batch, {ENGINES[engine]}"
            yield Row(what, f"equal to {limit:.0e}", f"**{difference:.1e}**", difference <= limit)

    def speed(self, rounds: int) -> Iterator[Row]:
        """Sentences per second and the latency of one pair, every engine in its own process."""
        with ExitStack() as stack:
            ours = {name: stack.enter_context(self._ours(name, self.folder, self.texts)) for name in ENGINES}
            bundled = stack.enter_context(self._ours("litert", BUNDLED, self.bundled_texts))
            wanted = dict.fromkeys(theirs for _, theirs, _, _ in DUELS) if self.peers else ()
            theirs = {name: stack.enter_context(self._peer(name)) for name in wanted}
            yield self._agreement(ours, theirs)
            met = [duel for duel in DUELS if duel[1] in theirs]
            pairs = [(ours[a], theirs[b]) for a, b, _, _ in met] + [(bundled, ours["litert"])]
            count = len(json.loads(self.texts.read_text(encoding="utf-8"))["sentences"])
            *duels, beside = duel_all("embed", pairs, rounds, self.say)
            for (a, b, name, must), duel in zip(met, duels, strict=True):
                what = f"sentences/s, MiniLM's shape, {ENGINES[a]} against {name} ({theirs[b].setting})"
                yield speed_row(what, duel, count, must)
            yield speed_row(
                "sentences/s, LiteRT int8, bundled encoder against MiniLM's shape", beside, count, None
            )
            *duels, beside = duel_all("pairs", pairs, rounds, self.say)
            for (a, b, name, _), duel in zip(met, duels, strict=True):
                what = f"one pair, p50, MiniLM's shape, {ENGINES[a]} against {name}"
                yield latency_row(what, duel, PAIR_LIMITS.get((a, b)))
            yield latency_row(
                "one pair, p50, LiteRT int8, bundled encoder against MiniLM's shape", beside, None
            )

    def whole_processes(self) -> Iterator[Row]:
        """The command line and the app, from start."""
        self.say("command line and app")
        yield limit_row("`python -m bertsim score A B`, whole process", time_command(), 1.5, "s")
        app = app_figures()
        yield limit_row("`app.py` started → page served", app.page, 7, "s")
        yield limit_row("`app.py` started → first score", app.score, 8, "s")
        yield limit_row("resident memory of the app after 50 scores", app.resident, 600, "MB")
        loaded = "loaded" if app.tensorflow else "not loaded"
        yield Row("TensorFlow in the app's process", "not loaded", f"**{loaded}**", not app.tensorflow)

    def _agreement(self, ours: dict[str, Worker], theirs: dict[str, Worker]) -> Row:
        """Every engine's embeddings beside TensorFlow's; a speed at another task would be no speed."""
        others = [ours["litert"], *theirs.values()]
        cosines = {other.engine: agreement(ours["tensorflow"], other, self.cache) for other in others}
        measured = ", ".join(f"{name} {cosine:.4f}" for name, cosine in cosines.items())
        if min(cosines.values()) < SAME:
            raise SystemExit(
                f"not the same embeddings: smallest cosine to TensorFlow's {measured}; {SAME} was expected."
            )
        return Row(
            "embeddings beside TensorFlow's, MiniLM's shape, smallest cosine", f"≥ {SAME}", measured, True
        )

    def _ours(self, engine: str, folder: Path, texts: Path) -> Worker:
        self.say(f"starting {engine} on {folder.name}")
        log = self.cache / f"{engine}-{folder.name}.log"
        return Worker(Path(sys.executable), "ours", engine, folder, texts, log)

    def _peer(self, name: str) -> Worker:
        assert self.peers is not None
        self.say(f"starting {name}")
        log = self.cache / f"{name}.log"
        return Worker(self.peers, "peers", name, self.folder, self.texts, log)

    def _write_texts(self, folder: Path, name: str) -> Path:
        path = self.cache / f"{name}.json"
        path.write_text(json.dumps(draw_texts(folder)), encoding="utf-8")
        return path
