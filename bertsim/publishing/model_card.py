"""The model card of what is published: a folder's README.md with the Hub's metadata, and how to use it.

Figures come from the `metrics.json` that training wrote; nothing is made up that the folder does not say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bertsim.errors import CheckpointError, HubError
from bertsim.json_files import read_json

START, END = "<!-- usage: written by `bertsim publish` -->", "<!-- end of usage -->"
TAGS = ("bertsim", "bert", "sentence-similarity", "litert")
_METRICS = {"spearman": ("spearmanr", "Spearman"), "pearson": ("pearsonr", "Pearson")}
_WIDGET = {
    "source_sentence": "A man is playing a guitar.",
    "sentences": ["Someone plays the guitar.", "A man plays the piano.", "The soup is cold."],
}


def model_card(folder: Path, repository: str, scorers: Sequence[str], licence: str | None) -> str:
    """README.md as it is to be uploaded.

    Args:
        folder: that is published; its own README.md stays, but for the metadata and the section on use.
        repository: "user/name".
        scorers: of the loaded folder.
        licence: of what is published; None = as the folder's README.md says.

    Raises:
        HubError: no licence is known, or README.md is no card.
        CheckpointError: a metrics.json that training did not write.
    """
    from huggingface_hub import ModelCardData

    path = folder / "README.md"
    known, text = _read_card(path, f"# {repository.partition('/')[2]}\n")
    if not (licence or known.get("license")):
        raise HubError(
            f"{path} names no licence; say under which it is published: --license apache-2.0, say."
        )
    measured = _measured(folder)
    found: dict[str, Any] = {
        "license": licence or known.get("license"),
        "library_name": "bertsim",
        "pipeline_tag": "sentence-similarity",
        "tags": list(dict.fromkeys([*(known.get("tags") or []), *TAGS])),
        "base_model": next(filter(None, measured["base_model"]), None) or known.get("base_model"),
        "datasets": list(dict.fromkeys(measured["datasets"])) or known.get("datasets"),
        "widget": [_WIDGET],
        "eval_results": measured["eval_results"],
    }
    if found["eval_results"]:
        found["model_name"] = repository.partition("/")[2]
    kept = {key: value for key, value in known.items() if key not in (*found, "model-index", "model_name")}
    data = ModelCardData(**kept, **{key: value for key, value in found.items() if value})
    before, _, rest = text.partition(START)
    body = f"{before.strip()}\n\n{_usage(repository, scorers)}\n{rest.partition(END)[2].lstrip()}"
    return f"---\n{data.to_yaml().strip()}\n---\n{body}"


def _read_card(path: Path, default: str) -> tuple[dict[str, Any], str]:
    """The metadata of a card, empty where it has none, and its text without them."""
    from huggingface_hub import ModelCard

    try:
        text = path.read_text(encoding="utf-8") if path.exists() else default
        card = ModelCard(text, ignore_metadata_errors=True)
    except Exception as error:  # noqa: BLE001 - the client lets YAML's own errors through
        said = " ".join(str(error).split())
        raise HubError(
            f"{path} is no model card ({said}); UTF-8 was expected, and YAML fields between its first two lines of ---."
        ) from None
    return card.data.to_dict() if _has_metadata(text) else {}, card.text  # type: ignore[no-untyped-call]


def _measured(folder: Path) -> dict[str, list[Any]]:
    """What training says of each scorer ("cosine" where the encoder was tuned, and every head), by the card's keys.

    Raises:
        CheckpointError: a metrics.json that training did not write.
    """
    paths = {"cosine": folder / "metrics.json"} | {
        path.parent.name: path for path in sorted(folder.glob("heads/*/metrics.json"))
    }
    found: dict[str, list[Any]] = {"base_model": [], "datasets": [], "eval_results": []}
    for scorer, path in paths.items():
        table = read_json(path) if path.exists() else {}
        try:
            found["base_model"].append(_base_model(table))
            found["datasets"] += _datasets(table)
            found["eval_results"] += _results(scorer, table)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{path} is not what training writes ({error!r}); leave it out, or train again."
            ) from None
    return found


def _has_metadata(text: str) -> bool:
    return re.match(r"\s*---\s*\n", text) is not None


def _base_model(table: Mapping[str, Any]) -> str | None:
    """The encoder that was trained on, where it came from the Hub."""
    return str(table["plan"]["encoder"]) if table.get("encoder_commit") else None


def _datasets(table: Mapping[str, Any]) -> list[str]:
    """Dataset repositories of all that was trained on."""
    names = [row["file"] for row in table.get("rows", [])]
    return [_dataset(name) for name in names if name.startswith("hub:")]


def _dataset(name: str) -> str:
    """The repository of "hub:user/dataset/path@commit"; any other file's name as it is."""
    return "/".join(name.removeprefix("hub:").split("/")[:2]) if name.startswith("hub:") else name


def _results(scorer: str, table: Mapping[str, Any]) -> list[Any]:
    from huggingface_hub import EvalResult

    found = []
    for split, figures in table.get("as_served", {}).items():
        source = table["plan"].get(split) or {}
        name = str(source.get("path", split))
        for key, (kind, shown) in _METRICS.items():
            if key in figures:
                found.append(
                    EvalResult(
                        task_type="sentence-similarity",
                        task_name="Sentence Similarity",
                        dataset_type=_dataset(name),
                        dataset_name=f"{name} ({split}, {figures['pairs']:,} pairs)",
                        dataset_split=split,
                        metric_type=kind,
                        metric_name=f"{shown} of {scorer}, as served (int8)",
                        metric_value=figures[key],
                    )
                )
    return found


def _usage(repository: str, scorers: Sequence[str]) -> str:
    lines = [
        *(START, "## Use", "", "```py", "import bertsim", ""),
        f'model = bertsim.load("{repository}")',
        'pairs = [("A man is playing a guitar.", "Someone plays the guitar.")]',
        *(f'print(model.score(pairs, scorer="{scorer}"))' for scorer in scorers),
        *("```", ""),
        f"Every file is compared with its checksum when it is loaded. `bertsim serve --encoder {repository}` opens the "
        "demo on it.",
        END,
    ]
    return "\n".join(lines)
