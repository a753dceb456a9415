"""Record what transformers and sentence-transformers compute: run as `python -m tests.golden.make`.

Needs the peers of tests/bench/requirements.txt and the project's own requirements.txt need not be there:
only numpy, safetensors, tokenizers and ml_dtypes of it are used. Writes encoders.npz, poolings.npz
and classifiers.npz beside this file, and the versions that made them.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import sentence_transformers
import torch
import transformers

from tests.checkpoints import make_checkpoint
from tests.golden.cases import CLASSIFIERS, ENCODERS, PAIRS, POOLINGS, SENTENCES

HERE = Path(__file__).parent


def encode(folder: Path) -> dict[str, np.ndarray]:
    """Every output of transformers' `BertModel` for the packed pairs."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    a, b = zip(*PAIRS, strict=True)
    inputs = tokenizer(list(a), list(b), padding=True, return_tensors="pt")
    model = transformers.BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True, output_attentions=True)
    types = torch.zeros_like(inputs["input_ids"])  # a tokenizer without token types
    return {
        **{
            name: tensor.numpy().astype(np.int32) for name, tensor in ({"token_type_ids": types} | dict(inputs)).items()
        },
        "hidden_states": torch.stack(output.hidden_states).numpy(),
        "attentions": torch.stack(output.attentions).numpy(),
        "pooler_output": output.pooler_output.numpy(),
    }


def classify(folder: Path) -> np.ndarray:
    """Logits of transformers' `BertForSequenceClassification` for the packed pairs."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    a, b = zip(*PAIRS, strict=True)
    inputs = tokenizer(list(a), list(b), padding=True, return_tensors="pt")
    model = transformers.BertForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        return model(**inputs).logits.numpy()


def predict(folder: Path) -> np.ndarray:
    """Values of sentence-transformers' `CrossEncoder`, by the activation that the checkpoint itself names."""
    return sentence_transformers.CrossEncoder(str(folder), device="cpu").predict(list(PAIRS))


def main() -> None:
    """Write the files."""
    encoders, poolings, classifiers = {}, {}, {}
    with tempfile.TemporaryDirectory() as temporary:
        for name, options in ENCODERS.items():
            arrays = encode(make_checkpoint(Path(temporary) / name, **options))
            encoders |= {f"{name}/{key}": array for key, array in arrays.items()}
        for name, options in POOLINGS.items():
            folder = make_checkpoint(Path(temporary) / name, **options)
            model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
            poolings[name] = model.encode(list(SENTENCES))
        for name, options in CLASSIFIERS.items():
            folder = make_checkpoint(Path(temporary) / name, **options)
            classifiers[name] = classify(folder)
            if len(options["labels"]) == 1:
                classifiers[f"{name}/predicted"] = predict(folder)
    np.savez_compressed(HERE / "classifiers.npz", **classifiers)
    np.savez_compressed(HERE / "encoders.npz", **encoders)
    np.savez_compressed(HERE / "poolings.npz", **poolings)
    versions = {module.__name__: module.__version__ for module in (torch, transformers, sentence_transformers)}
    (HERE / "versions.json").write_text(json.dumps(versions, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
