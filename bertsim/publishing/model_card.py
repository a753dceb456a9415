"""The model card of what is published: a folder's README.md with the Hub's metadata, and how to use it.

Figures come from the `metrics.json` that training wrote; nothing is made up that the folder does not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bertsim.data.json_files import read_json
from bertsim.errors import CheckpointError, HubError

START, END = "<!-- usage: written by `bertsim publish` -->", "<!-- end of usage -->"
TAGS = ("bertsim", "bert", "sentence-similarity", "litert")
_METRICS = {"spearman": ("spearmanr", "Spearman"), "pearson": ("pearsonr", "Pearson")}
_WIDGET = {
    "source_sentence": "A man is playing a guitar.",
    "sentences": ["Someone plays the guitar.", "A man plays the piano.", "The soup is cold."],
}
_USAGE = """\
{start}
## Use

```py
import bertsim

model = bertsim.load("{repository}")
pairs = [("A man is playing a guitar.", "Someone plays the guitar.")]
{scores}
```

Every other file is compared with its checksum when loaded. `python -m bertsim serve --encoder {repository}` is the demo
on it.
{end}
"""


def model_card(folder: Path, repository: str, scorers: Sequence[str], licence: str | None) -> str:
    """README.md of a repository "user/name" as it is to be uploaded.

    Args:
        folder: that is published; its own README.md stays, but for the metadata and the section on use.
        scorers: that the section on use shows.
        licence: of what is published; None = as the folder's README.md says.

    Raises:
        HubError: no licence is known, or README.md is no card.
        CheckpointError: a metrics.json that training did not write.
    """
    path, name = folder / "README.md", repository.partition("/")[2]
    card = _read_card(path, f"# {name}\n")
    data = card.data
    data.license = licence or data.license
    if not data.license:
        raise HubError(f"{path} names no licence; say under which it is published: --license apache-2.0, say.")
    base_models, datasets, results = _measured(folder)
    data.library_name, data.pipeline_tag, data.widget = "bertsim", "sentence-similarity", [_WIDGET]
    data.tags = list(dict.fromkeys([*(data.tags or []), *TAGS]))
    data.base_model = next(iter(base_models), data.base_model)
    data.datasets = list(dict.fromkeys(datasets)) or data.datasets
    data.eval_results, data.model_name = (results, name) if results else (None, None)
    before, _, rest = card.text.partition(START)
    scores = "\n".join(f'print(model.score(pairs, scorer="{scorer}"))' for scorer in scorers)
    usage = _USAGE.format(start=START, end=END, repository=repository, scores=scores)
    card.text = f"{before.strip()}\n\n{usage}{rest.partition(END)[2].lstrip()}"
    return str(card)


def _read_card(path: Path, default: str) -> Any:
    """The card, with empty metadata where it has none."""
    from huggingface_hub import ModelCard

    try:
        text = path.read_text(encoding="utf-8") if path.exists() else default
        if not text.lstrip().startswith("---"):
            text = f"---\n\n---\n{text}"  # or the client would say on stderr that there are none
        return ModelCard(text, ignore_metadata_errors=True)
    except Exception as error:  # noqa: BLE001 - the client lets YAML's own errors through
        said = " ".join(str(error).split())
        raise HubError(
            f"{path} is no model card ({said}); UTF-8 was expected, and YAML fields between its first two lines of ---."
        ) from None


def _measured(folder: Path) -> tuple[list[str], list[str], list[Any]]:
    """What training says: encoders of the Hub that were trained on, datasets of the Hub, results of every scorer.

    Raises:
        CheckpointError: a metrics.json that training did not write.
    """
    base_models: list[str] = []
    datasets: list[str] = []
    results: list[Any] = []
    paths = [path for path in (folder / "metrics.json", *sorted(folder.glob("heads/*/metrics.json"))) if path.exists()]
    for path in paths:
        table = read_json(path)
        try:
            base_models += [str(table["plan"]["encoder"])] if table.get("encoder_commit") else []
            datasets += [_dataset(row["file"]) for row in table.get("rows", []) if row["file"].startswith("hub:")]
            results += _results("cosine" if path.parent == folder else path.parent.name, table)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{path} is not what training writes ({error!r}); leave it out, or train again."
            ) from None
    return base_models, datasets, results


def _dataset(name: str) -> str:
    """The repository of "hub:user/dataset/path@commit"; any other file's name as it is."""
    return "/".join(name.removeprefix("hub:").split("/")[:2]) if name.startswith("hub:") else name


def _results(scorer: str, table: dict[str, Any]) -> list[Any]:
    """Its figures on every split, as the Hub reads them."""
    from huggingface_hub import EvalResult

    found = []
    for split, figures in table.get("as_served", {}).items():
        name = str((table["plan"].get(split) or {}).get("path", split))
        found += [
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
            for key, (kind, shown) in _METRICS.items()
            if key in figures
        ]
    return found
