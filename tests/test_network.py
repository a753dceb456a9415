"""The real Hub: off by default, `python -m pytest -m network` where there is a network.

No figure of a real checkpoint is recorded here: transformers and sentence-transformers compute it anew, in the
environment that `make bench` makes (.bench/venv), and bertsim's values are compared with theirs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.golden.cases import PAIRS, SENTENCES

PEERS = Path(__file__).parent.parent / ".bench" / "venv" / "bin" / "python"
OURS = """
import sys, numpy, bertsim
repository, path, *sentences = sys.argv[1:]
model = bertsim.load(repository, engine="tensorflow")
tokens = model._tokenizer.batch([(sentence,) for sentence in sentences], 128)
output = model.encode(tokens)
numpy.savez(path, input_ids=tokens.input_ids, mask=tokens.attention_mask, hidden_states=output.hidden_states,
            pooler_output=output.pooler_output, embeddings=model.embed(sentences))
"""
TRANSFORMERS = """
import sys, numpy, torch, transformers
repository, path, *sentences = sys.argv[1:]
inputs = transformers.AutoTokenizer.from_pretrained(repository)(sentences, padding=True, return_tensors="pt")
model = transformers.BertModel.from_pretrained(repository).eval()
with torch.no_grad():
    output = model(**inputs, output_hidden_states=True)
numpy.savez(path, input_ids=inputs["input_ids"], mask=inputs["attention_mask"],
            hidden_states=torch.stack(output.hidden_states), pooler_output=output.pooler_output)
"""
SENTENCE_TRANSFORMERS = """
import sys, numpy, sentence_transformers
repository, path, *sentences = sys.argv[1:]
numpy.savez(path, embeddings=sentence_transformers.SentenceTransformer(repository, device="cpu").encode(sentences))
"""


def compute(python: Path, code: str, repository: str, path: Path) -> dict[str, np.ndarray]:
    """Run code in an environment, with the network; return the arrays that it saved."""
    words = [str(python), "-c", code, repository, str(path), *SENTENCES]
    environment = os.environ | {"HF_HUB_OFFLINE": "0"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=1800)
    assert done.returncode == 0, done.stderr
    with np.load(path) as file:
        return dict(file)


@pytest.fixture(autouse=True)
def _peers() -> None:
    if not PEERS.exists():
        pytest.skip(f"{PEERS} is not there to compare with; `make bench` makes it")


@pytest.mark.network
def test_bert_base_uncased_equals_transformers(tmp_path: Path) -> None:
    name = "google-bert/bert-base-uncased"
    ours = compute(Path(sys.executable), OURS, name, tmp_path / "ours.npz")
    theirs = compute(PEERS, TRANSFORMERS, name, tmp_path / "theirs.npz")
    np.testing.assert_array_equal(ours["mask"], theirs["mask"])
    np.testing.assert_array_equal(ours["input_ids"], theirs["input_ids"])
    real = ours["mask"].astype(bool)
    np.testing.assert_allclose(ours["hidden_states"][:, real], theirs["hidden_states"][:, real], atol=1e-4)
    np.testing.assert_allclose(ours["pooler_output"], theirs["pooler_output"], atol=1e-5)
    assert len(PAIRS) * 2 == len(real)


@pytest.mark.network
@pytest.mark.parametrize(
    "name", ["sentence-transformers/bert-base-nli-max-tokens", "sentence-transformers/all-MiniLM-L6-v2"]
)
def test_sentence_embeddings_equal_sentence_transformers(name: str, tmp_path: Path) -> None:
    ours = compute(Path(sys.executable), OURS, name, tmp_path / "ours.npz")
    theirs = compute(PEERS, SENTENCE_TRANSFORMERS, name, tmp_path / "theirs.npz")
    np.testing.assert_allclose(ours["embeddings"], theirs["embeddings"], atol=1e-4)
