"""What is measured, and what each figure must be: every function gives rows of the table.

All of it is of the bundled encoder; the peers are given its values as float32.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np

from bertsim.model.loading import BUNDLED
from tests.bench.checkpoint import MANY, draw_texts, join_cross_encoder, widen_checkpoint
from tests.bench.many import many_figures
from tests.bench.page import matrix_figures, page_figures
from tests.bench.processes import app_figures, spearman, time_command
from tests.bench.report import Row, latency_row, limit_row, same_pairs_row, speed_row
from tests.bench.rounds import Worker, agreement, duel_all
from tests.bench.tables import RAY_PAIRS, has_ray, memory_of_score, ray_ratios
from tests.chromium import MISSING, find_chromium

SAME = 0.9
"""Smallest cosine between two engines' embeddings of one sentence; different sentences have less than 0.8."""
SAME_SCORES = 0.99
"""Smallest correlation of the scores that two engines give the same pairs."""
ENGINES = {"litert": "LiteRT int8", "tensorflow": "TensorFlow fp32"}
AGREES = 0.99
"""Mean cosine with float32 from which on a peer's speed is one that ours is held to."""
DUELS: tuple[tuple[str, str, str, float | None], ...] = (
    ("litert", "torch", "sentence-transformers, torch fp32", 4.0),
    ("litert", "onnxruntime", "ONNX Runtime, dynamic int8", 1.5),
    ("litert", "onnxruntime-vnni", "ONNX Runtime, sentence-transformers' qint8_avx512_vnni", 1.5),
    ("litert", "openvino", "OpenVINO", 1.6),
    ("litert", "openvino-nncf", "OpenVINO, NNCF int8", 1.6),
    ("tensorflow", "torch", "sentence-transformers, torch fp32", 1.0),
    ("litert", "torch-bf16", "sentence-transformers, torch bf16", None),
)
"""Ours, theirs, their name in full, and how many times as fast ours must be."""
PACKED: tuple[tuple[str, str, float], ...] = (
    ("cross-encoder", "CrossEncoder, torch fp32", 5.0),
    ("onnxruntime", "ONNX Runtime, dynamic int8", 1.4),
)
"""Theirs, their name in full, and how many times as fast ours must be."""
PAIR_LIMITS = {"cosine": 3.0, "combined": 15.0}
"""Milliseconds that one pair may take, by scorer, p50."""

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
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
        self.widened = widen_checkpoint(cache)
        self.texts = cache / "texts.json"
        self.texts.write_text(json.dumps(draw_texts()), encoding="utf-8")

    def accuracy(self, what: str, data: Path, stated: float | None = None) -> Iterator[Row]:
        """Spearman of both engines on a file of labelled pairs; `stated` is the figure on the encoder's card."""
        self.say(f"accuracy: {what}")
        exact, served = spearman(data, "tensorflow"), spearman(data, "litert")
        yield Row(
            f"{what}, Spearman of the cosine, TensorFlow",
            "" if stated is None else f"{stated:.4f} ± 0.0005",
            f"**{exact:.4f}**",
            None if stated is None else abs(exact - stated) <= 0.0005,
        )
        yield Row("the same, LiteRT int8", "not more than 0.003 below", f"**{served:.4f}**", exact - served <= 0.003)

    def padding(self) -> Iterator[Row]:
        """How far a score moves with max_length and with its batch."""
        for engine, limit in (("tensorflow", 1e-6), ("litert", 5e-3)):
            self.say(f"padding: {engine}")
            with self._ours(engine) as worker:
                difference = worker.ask("padding", self.texts)["difference"]
            what = f"a score at max_length 16, 32, 128, alone or in any batch, {ENGINES[engine]}"
            yield Row(what, f"equal to {limit:.0e}", f"**{difference:.1e}**", difference <= limit)

    def speed(self, rounds: int) -> Iterator[Row]:
        """Sentences per second and the latency of one pair, every engine in its own process."""
        with ExitStack() as stack:
            ours = {name: stack.enter_context(self._ours(name)) for name in ENGINES}
            wanted = dict.fromkeys(theirs for _, theirs, _, _ in DUELS) if self.peers else ()
            theirs = {name: stack.enter_context(self._peer(name)) for name in wanted}
            agree = self._agreement(ours, theirs)
            shown = ", ".join(f"{name} {mean:.4f} ({smallest:.2f})" for name, (mean, smallest) in agree.items())
            yield Row("embeddings beside TensorFlow's, cosine: mean (smallest)", f"of ours ≥ {SAME}", shown, True)
            met = [duel for duel in DUELS if duel[1] in theirs]
            pairs = [(ours[a], theirs[b]) for a, b, _, _ in met]
            count = len(json.loads(self.texts.read_text(encoding="utf-8"))["sentences"])
            for (a, b, name, must), duel in zip(met, duel_all("embed", pairs, rounds, self.say), strict=True):
                is_alike = agree[b][0] >= AGREES
                wrong = "" if is_alike else f"; not float32's embeddings: {agree[b][0]:.3f}"
                what = f"sentences/s, {ENGINES[a]} against {name} ({theirs[b].setting}{wrong})"
                yield speed_row(what, duel, count, must if is_alike else None)
            for (a, _, name, _), duel in zip(met, duel_all("pairs", pairs, rounds, self.say), strict=True):
                yield latency_row(f"one pair, p50, {ENGINES[a]} against {name}", duel)
            self.say("one pair")
            spent: dict[str, list[float]] = {scorer: [] for scorer in ("cosine", "pooled", "combined")}
            for _ in range(rounds):
                for scorer, times in spent.items():
                    times.append(1_000 * ours["litert"].ask("pair", f"{scorer} {self.texts}")["seconds"])
            for scorer, limit in PAIR_LIMITS.items():
                yield limit_row(f"one pair by `{scorer}`, p50, LiteRT int8", median(spent[scorer]), limit, "ms")
            ratio = median(np.divide(spent["combined"], spent["pooled"]).tolist())
            yield limit_row("the same by `combined`, one pass over the packed pair (`pooled`) = 1", ratio, 2.5, "×")

    def packed(self, rounds: int) -> Iterator[Row]:
        """Pairs per second of the head that reads them packed, beside the same head as a cross-encoder in torch."""
        if self.peers is None:
            return
        classifier = join_cross_encoder(self.cache, self.widened)
        with ExitStack() as stack:
            ours = stack.enter_context(self._ours("pooled"))
            theirs = [stack.enter_context(self._peer(name, classifier)) for name, *_ in PACKED]
            scores = {}
            for each in (ours, *theirs):
                scores[each.engine] = np.load(each.ask("save", self.cache / f"pairs-{each.engine}.npy")["saved"])
            exact = scores["cross-encoder"]
            for name in ("pooled", "onnxruntime"):
                alike, apart = float(np.corrcoef(scores[name], exact)[0, 1]), float(np.abs(scores[name] - exact).max())
                what = f"scores of {len(exact):,} pairs by `pooled` beside torch fp32, {name}, correlation"
                must, passed = (f"≥ {SAME_SCORES}", alike >= SAME_SCORES) if name == "pooled" else ("", None)
                yield Row(what, must, f"**{alike:.4f}**; at most {apart:.2f} apart", passed)
            duels = duel_all("embed", [(ours, each) for each in theirs], rounds, self.say)
            for (_, name, must), each, duel in zip(PACKED, theirs, duels, strict=True):
                what = f"pairs/s by `pooled`, LiteRT int8 against {name} ({each.setting})"
                yield speed_row(what, duel, len(exact), must)

    def many(self) -> Iterator[Row]:
        """Many sentences ranked, in a matrix, and searched for duplicates."""
        with ExitStack() as stack:
            ours, path = stack.enter_context(self._ours("litert")), self.cache / "many.npy"
            self.say("many: embed, rank, matrix")
            told = ours.ask("many", f"{self.texts} {path}")
            yield limit_row("`rank` of one query against 10,000 that are embedded", 1_000 * told["ranked"], 20, "ms")
            shown = f"**{told['share']:.2f}×**; {MANY / told['embed']:,.0f} sentences/s"
            yield Row("`rank` against 10,000 that are not, `embed` = 1", "≥ 0.95×", shown, told["share"] >= 0.95)
            yield limit_row("`matrix` of 1,000 × 1,000, cosine, beyond their embedding", told["matrix"], 1, "s")
            if self.peers is None:
                return
            theirs = stack.enter_context(self._peer("torch"))
            [duel] = duel_all(f"duplicates {path}", [(ours, theirs)], 1, self.say)
            what = f"sentences/s, `duplicates` of {MANY:,} that are embedded against paraphrase_mining, one run"
            yield speed_row(what, duel, MANY, 2.0)
            pairs = [{(i, j): score for score, i, j in answer["pairs"]} for answer in duel.answers]
            yield same_pairs_row("the best 10,000 pairs of either", *pairs)
            most, theirs_most = (answer["megabytes"] for answer in duel.answers)
            yield limit_row(f"peak memory, `embed` and `duplicates` of {MANY:,} sentences", most, 1_500, "MB")
            self.say(f"paraphrase_mining had {theirs_most:,.0f} MB")

    def whole_processes(self) -> Iterator[Row]:
        """The command line and the app, from start."""
        self.say("command line and app")
        yield limit_row("`python -m bertsim score A B`, whole process", time_command(), 0.6, "s")
        app = app_figures()
        yield limit_row("`app.py` started → page served", app.page, 3.5, "s")
        yield limit_row("`app.py` started → first score", app.score, 4.5, "s")
        yield limit_row("resident memory of the app before the first score", app.resident_at_start, 350, "MB")
        yield limit_row("resident memory of the app after 50 scores", app.resident, 600, "MB")
        loaded = "loaded" if app.tensorflow else "not loaded"
        yield Row("TensorFlow in the app's process", "not loaded", f"**{loaded}**", not app.tensorflow)

    def calls(self) -> Iterator[Row]:
        """The app, asked for many sentences."""
        self.say("many sentences")
        yield from many_figures(self.cache / "many.log")

    def tables(self, pairs: int, rounds: int) -> Iterator[Row]:
        """Files of many pairs: the memory of the command, and Ray beside it."""
        sentences = json.loads(self.texts.read_text(encoding="utf-8"))["sentences"]
        self.say(f"memory of score, {pairs:,} pairs")
        memory = memory_of_score(self.cache, sentences, pairs)
        what = f"resident memory of `score`, {pairs:,} pairs, above a few pairs'"
        yield limit_row(what, memory.most, 400, "MB")
        yield limit_row("the same, last half above the half before", max(memory.grown, 0.0), 10, "MB")
        self.say("score by Ray")
        what = f"`score --ray`, an actor a core, against `score`, {RAY_PAIRS:,} pairs, once started"
        if not has_ray():
            yield Row(what, "≥ 0.9×", "Ray is not installed; make bench installs it", False)
            return
        ratios = ray_ratios(self.cache, sentences, rounds)
        span = f"{min(ratios):.2f}–{max(ratios):.2f}"
        yield Row(what, "≥ 0.9×", f"**{median(ratios):.2f}×** ({span})", median(ratios) >= 0.9)

    def page(self) -> Iterator[Row]:
        """The app in a browser, as a person waits for it."""
        self.say("page")
        chromium = find_chromium()
        if chromium is None:
            yield Row("the page", "be measured", MISSING, False)
            return
        for what, waited, most in page_figures(chromium, self.cache / "app.log"):
            yield limit_row(f"page, 32 tokens a sentence: {what}, p50", waited, most, "ms")
        for what, waited, most in matrix_figures(chromium, self.cache / "app.log"):
            yield limit_row(f"Matrix: 50 sentences, {what}", waited, most, "ms")

    def _agreement(self, ours: dict[str, Worker], theirs: dict[str, Worker]) -> dict[str, tuple[float, float]]:
        """Every engine's embeddings beside TensorFlow's; a speed at another task would be no speed."""
        others = [ours["litert"], *theirs.values()]
        cosines = {other.engine: agreement(ours["tensorflow"], other, self.cache) for other in others}
        if cosines["litert"][1] < SAME:
            raise SystemExit(f"not the same embeddings: smallest cosine {cosines['litert'][1]:.4f}, below {SAME}.")
        return cosines

    def _ours(self, engine: str) -> Worker:
        self.say(f"starting {engine}")
        log = self.cache / f"{engine}.log"
        return Worker(Path(sys.executable), "ours", engine, BUNDLED, self.texts, log)

    def _peer(self, name: str, folder: Path | None = None) -> Worker:
        assert self.peers is not None
        self.say(f"starting {name}")
        log = self.cache / f"{name}.log"
        return Worker(self.peers, "peers", name, folder or self.widened, self.texts, log)
