"""The libraries that bertsim is measured against, each at its best known settings, in a process of its own.

`python -m tests.bench.peers NAME CHECKPOINT TEXTS`, in the peers' environment; see `protocol`. Every peer is given
two threads, its texts in batches of sentences of like length, and its fastest batch size on this machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from tests.bench.protocol import THREADS, TOP, Embed, Engine, serve, time_duplicates

MAX_LENGTH = 256
BATCHES = (16, 32, 64)
CALIBRATED = 300
"""Sentences that a graph is quantised with: as many as sentence-transformers takes."""
INPUTS = ("input_ids", "token_type_ids", "attention_mask")


def torch_engine(folder: Path, dtype: str) -> Engine:
    """sentence-transformers on torch; it sorts by length itself."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import paraphrase_mining_embeddings

    torch.set_num_threads(THREADS)
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": dtype})

    def embed_with(size: int) -> Embed:
        return lambda sentences: model.encode(sentences, batch_size=size, show_progress_bar=False)

    def mine(vectors: np.ndarray) -> list[list[float]]:
        return paraphrase_mining_embeddings(torch.from_numpy(vectors), max_pairs=TOP)

    candidates = {f"batches of {size}": embed_with(size) for size in BATCHES}
    return Engine(candidates, _cosine(model.encode), extras={"duplicates": partial(time_duplicates, mine)})


def cross_encoder(folder: Path) -> Engine:
    """CrossEncoder of sentence-transformers on torch, float32; it sorts by length itself."""
    import torch
    from sentence_transformers import CrossEncoder

    torch.set_num_threads(THREADS)
    model = CrossEncoder(str(folder), device="cpu", max_length=MAX_LENGTH)

    def score_with(size: int) -> Embed:
        return lambda pairs: model.predict(pairs, batch_size=size, show_progress_bar=False)

    candidates = {f"batches of {size}": score_with(size) for size in BATCHES}
    return Engine(candidates, lambda a, b: float(model.predict([(a, b)], show_progress_bar=False)[0]), "packed")


def onnx_engine(folder: Path, graph: str) -> Engine:
    """ONNX Runtime and a graph of `onnx_graph`, of an encoder or of a cross-encoder."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    path = _onnx_folder(folder) / f"{graph}.onnx"
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = {tensor.name for tensor in session.get_inputs()}
    tokenizer = _tokenizer(folder)

    def run_with(size: int) -> Embed:
        def run(texts: Sequence[Any]) -> np.ndarray:
            rows, parts = [], []
            for row, feed in _batches(tokenizer, texts, size):
                rows.append(row)
                parts.append(session.run(None, {name: feed[name] for name in names})[0])
            return _unsorted(rows, parts)

        return run

    candidates = {f"batches of {size}": run_with(size) for size in BATCHES}
    one = run_with(BATCHES[0])
    if session.get_outputs()[0].shape[-1] == 1:  # the logit of a cross-encoder
        rated = {name: lambda pairs, run=run: 1 / (1 + np.exp(-run(pairs)[:, 0])) for name, run in candidates.items()}
        return Engine(rated, lambda a, b: float(one([(a, b)])[0, 0]), "packed")
    return Engine(candidates, _cosine(one))


def openvino_engine(folder: Path, *, quantises: bool = False) -> Engine:
    """OpenVINO, bf16 where the processor has it; its throughput and its latency mode both tried, latency for a pair.

    `quantises`: to int8 by NNCF, calibrated as sentence-transformers' `export_static_quantized_openvino_model` does it.
    """
    import openvino

    core = openvino.Core()
    model = core.read_model(_int8_folder(folder) if quantises else _onnx_folder(folder) / "fp32.onnx")
    precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
    tokenizer = _tokenizer(folder)

    def embed_with(hint: str, size: int) -> Embed:
        options = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": hint, "INFERENCE_NUM_THREADS": THREADS}
        queue = openvino.AsyncInferQueue(core.compile_model(model, "CPU", options))
        rows: list[np.ndarray] = []
        parts: list[np.ndarray] = []

        def collect(request: openvino.InferRequest, row: np.ndarray) -> None:
            rows.append(row)
            parts.append(request.get_output_tensor(0).data.copy())

        queue.set_callback(collect)

        def embed(sentences: Sequence[str]) -> np.ndarray:
            rows.clear()
            parts.clear()
            for row, feed in _batches(tokenizer, sentences, size):
                queue.start_async(feed, row)
            queue.wait_all()
            return _unsorted(rows, parts)

        return embed

    def embed_now() -> Embed:
        options = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": THREADS,
        }
        request = core.compile_model(model, "CPU", options).create_infer_request()

        def embed(sentences: Sequence[str]) -> np.ndarray:
            [(row, feed)] = _batches(tokenizer, sentences, len(sentences))
            return _unsorted([row], [request.infer(feed)[0]])

        return embed

    settings = [(hint, size) for hint in ("LATENCY", "THROUGHPUT") for size in BATCHES]
    kind = f"int8 and {precision}" if quantises else precision
    candidates = {f"{kind}, {hint.lower()}, batches of {size}": embed_with(hint, size) for hint, size in settings}
    return Engine(candidates, _cosine(embed_now()))


def _onnx_folder(folder: Path) -> Path:
    """FOLDER/onnx, its graphs exported first if they are not there."""
    if not (folder / "onnx" / "int8.onnx").exists():
        subprocess.run([sys.executable, "-m", "tests.bench.onnx_graph", str(folder)], check=True)
    return folder / "onnx"


def _int8_folder(folder: Path) -> Path:
    """The graph that NNCF quantised, made first if it is not there; calibrated with some of what it is to be given."""
    path = _onnx_folder(folder) / "nncf.xml"
    if not path.exists():
        import nncf
        import openvino

        texts = json.loads((folder.parent / "texts.json").read_text(encoding="utf-8"))["sentences"][:CALIBRATED]
        feeds = [feed for _, feed in _batches(_tokenizer(folder), texts, 1)]
        model = openvino.Core().read_model(_onnx_folder(folder) / "fp32.onnx")
        own = {"model_type": nncf.ModelType.TRANSFORMER, "preset": nncf.QuantizationPreset.MIXED}
        quantised = nncf.quantize(model, nncf.Dataset(feeds), subset_size=CALIBRATED, **own)
        openvino.save_model(quantised, path, compress_to_fp16=False)
    return path


def _tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_LENGTH)
    return tokenizer


def _batches(
    tokenizer: Tokenizer, texts: Sequence[Any], size: int
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Length-sorted batches of texts or pairs, longest first: their rows, and the three int64 [batch, seq] inputs."""
    encodings = tokenizer.encode_batch_fast([each if isinstance(each, str) else tuple(each) for each in texts])
    order = np.argsort([-len(each) for each in encodings], kind="stable")
    for start in range(0, len(encodings), size):
        rows = order[start : start + size]
        feed = {name: np.zeros((len(rows), len(encodings[rows[0]])), np.int64) for name in INPUTS}
        for index, encoding in enumerate(encodings[row] for row in rows):
            for name, values in zip(INPUTS, (encoding.ids, encoding.type_ids, encoding.attention_mask), strict=True):
                feed[name][index, : len(encoding)] = values
        yield rows, feed


def _unsorted(rows: list[np.ndarray], parts: list[np.ndarray]) -> np.ndarray:
    """The batches' embeddings in the caller's order, [n, dim]."""
    embeddings = np.empty((sum(map(len, rows)), parts[0].shape[1]), np.float32)
    for row, part in zip(rows, parts, strict=True):
        embeddings[row] = part
    return embeddings


def _cosine(embed: Embed) -> Callable[[str, str], float]:
    """Two texts to the cosine of their embeddings, both in one call of `embed`."""

    def score(a: str, b: str) -> float:
        left, right = embed([a, b])
        return float(left @ right / np.sqrt((left @ left) * (right @ right)))

    return score


PEERS: dict[str, Callable[[Path], Engine]] = {
    "torch": lambda folder: torch_engine(folder, "float32"),
    "torch-bf16": lambda folder: torch_engine(folder, "bfloat16"),
    "cross-encoder": cross_encoder,
    "onnxruntime": lambda folder: onnx_engine(folder, "int8"),
    "onnxruntime-vnni": lambda folder: onnx_engine(folder, "qint8_avx512_vnni"),
    "openvino": openvino_engine,
    "openvino-nncf": lambda folder: openvino_engine(folder, quantises=True),
}

if __name__ == "__main__":
    serve(PEERS)
