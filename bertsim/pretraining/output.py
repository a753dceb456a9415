"""A pre-trained BERT -> an ordinary folder that transformers and `bertsim.load` read: config, tokenizer, tensors, card.

Mean pooling is written into it, since that is how word vectors become a sentence's.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file
from tokenizers import Tokenizer as FastTokenizer

from bertsim.checkpoint import WEIGHTS
from bertsim.config import BertConfig
from bertsim.manifest import write_manifest
from bertsim.plots import plot_losses
from bertsim.pretraining.loop import Progress
from bertsim.pretraining.plan import PretrainPlan
from bertsim.pretraining.vocabulary import CLS, MASK, PAD, SEP, UNKNOWN, pieces
from bertsim.records import Float
from bertsim.version import __version__

METRICS, CURVE, CARD = "metrics.json", "curve.png", "README.md"


@dataclass(frozen=True)
class Story:
    """How an encoder came to be, for its card and `metrics.json`.

    Attributes:
        plan: what was asked for.
        progress: how it went.
        words: of the text that was learned from, each line once.
        backend: of Keras.
    """

    plan: PretrainPlan
    progress: Progress
    words: int
    backend: str


def write_encoder(
    folder: Path,
    encoder: Mapping[str, Float],
    head: Mapping[str, Float],
    config: BertConfig,
    fast: FastTokenizer,
) -> None:
    """Write all that makes a BERT into `folder`, which exists.

    Args:
        folder: where.
        encoder: tensors by transformers' name without prefix.
        head: of masked language modelling; may be empty.
        config: of the encoder.
        fast: its tokenizer.
    """
    architecture = "BertForMaskedLM" if head else "BertModel"
    prefix = "bert." if head else ""
    _write(
        folder / "config.json",
        {
            "architectures": [architecture],
            "model_type": "bert",
            **asdict(config),
            "initializer_range": 0.02,
            "torch_dtype": "float32",
        },
    )
    tensors = {prefix + name: tensor for name, tensor in encoder.items()} | dict(head)
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    _write_tokenizer(folder, fast, config.max_position_embeddings)
    modules = (("", "Transformer"), ("1_Pooling", "Pooling"))
    _write(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(modules)
        ],
    )
    (folder / "1_Pooling").mkdir(exist_ok=True)
    pooling = {"word_embedding_dimension": config.hidden_size, "pooling_mode_mean_tokens": True}
    _write(folder / "1_Pooling" / "config.json", pooling)
    length = {"max_seq_length": config.max_position_embeddings, "do_lower_case": False}
    _write(folder / "sentence_bert_config.json", length)


def finish_output(folder: Path, config: BertConfig, story: Story, run: Path) -> None:
    """Add figures, curve, card and checksums; take the record of the run away.

    Args:
        folder: from `write_encoder`.
        config: of the encoder.
        story: how it came to be.
        run: the record, a folder below.
    """
    history = story.progress.history
    _write(folder / METRICS, _metrics(config, story))
    if len(history) > 1:
        plot_losses(
            folder / CURVE,
            [p.step for p in history],
            [p.loss for p in history],
            [p.held_out for p in history],
        )
    (folder / CARD).write_text("\n".join(_card(folder, config, story)) + "\n", encoding="utf-8")
    shutil.rmtree(run)
    write_manifest(folder)


def _write_tokenizer(folder: Path, fast: FastTokenizer, max_length: int) -> None:
    fast.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces(fast)), encoding="utf-8")
    special = {
        "unk_token": UNKNOWN,
        "pad_token": PAD,
        "cls_token": CLS,
        "sep_token": SEP,
        "mask_token": MASK,
    }
    _write(folder / "special_tokens_map.json", special)
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "BertTokenizerFast",
            "do_lower_case": bool(getattr(fast.normalizer, "lowercase", True)),
            "model_max_length": max_length,
            **special,
        },
    )


def _metrics(config: BertConfig, story: Story) -> dict[str, Any]:
    plan, progress = story.plan, story.progress
    shown = plan.as_json()
    shown["texts"] = [{"file": Path(t.path).name, "weight": t.weight} for t in plan.texts]
    shown["pairs"] = [asdict(pair) | {"source": pair.source.as_shown()} for pair in plan.pairs]
    for name in ("tokenizer", "encoder"):
        shown[name] = Path(shown[name]).name if shown[name] else None
    return {
        "held_out_loss": progress.history[-1].held_out,
        "steps": progress.step,
        "seconds": round(progress.seconds, 1),
        "tokens": progress.tokens,
        "words_of_text": story.words,
        "parameters": config.num_parameters,
        "history": [asdict(point) for point in progress.history],
        "plan": shown,
        "backend": story.backend,
        "version": __version__,
    }


def _card(folder: Path, config: BertConfig, story: Story) -> Sequence[str]:
    plan, progress = story.plan, story.progress
    origin = {"words": "word vectors of its own text", "random": "random numbers"}[plan.start]
    origin = Path(plan.encoder).name if plan.encoder else origin
    lines = [
        *("---", "language: en", "library_name: bertsim", "pipeline_tag: sentence-similarity", "tags:"),
        *("  - bert", "  - sentence-similarity", "---", f"# {folder.resolve().name}", ""),
        f"A BERT of {config.num_parameters / 1e6:.1f} million parameters, made by `bertsim pretrain` {__version__} "
        f"from {origin} and {story.words:,} words of text, seed {plan.seed}.",
        "",
        "| | |",
        "|---|---|",
        f"| layers · hidden size · heads · intermediate size | {config.num_hidden_layers} · {config.hidden_size} · "
        f"{config.num_attention_heads} · {config.intermediate_size} |",
        f"| vocabulary · positions | {config.vocab_size:,} WordPieces · {config.max_position_embeddings} |",
        f"| masked language modelling | {progress.step:,} steps, {progress.tokens:,} tokens, "
        f"{progress.seconds / 60:.0f} minutes ({story.backend}) |",
        f"| loss on held-out text | {progress.history[-1].held_out:.3f} nats |",
        *("", "## Text", "", "| file | weight |", "|---|---|"),
        *(f"| `{Path(text.path).name}` | {text.weight:g} |" for text in plan.texts),
    ]
    if plan.pairs:
        lines += ["", f"Word vectors tuned on pairs, {plan.bag.steps + plan.bag.graded_steps:,} steps:", ""]
        lines += [
            f"- `{pair.source.name}`{', as an order' * pair.is_order}, weight {pair.source.weight:g}"
            for pair in plan.pairs
        ]
    if len(progress.history) > 1:
        lines += ["", f"![loss by step]({CURVE})"]
    return [*lines, "", "Whoever publishes this folder adds the licences of the text."]


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
