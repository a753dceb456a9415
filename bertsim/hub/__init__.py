"""The Hugging Face Hub, in and out. This package is the only importer of huggingface_hub.

`download` brings encoders, heads and data; `publish` and `deploy` send, and are imported by those who send; `card`
writes the model card. HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE mean what they always do; a token is never
shown.
"""

from bertsim.hub.download import fetch, fetch_data, fetch_heads, is_repository_id, split_revision

__all__ = ["fetch", "fetch_data", "fetch_heads", "is_repository_id", "split_revision"]
