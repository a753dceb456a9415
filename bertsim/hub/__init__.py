"""The Hugging Face Hub -> the local cache: encoders, heads and data; sending to it is `publishing`'s.

HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE mean what they always do; a token is never shown.
"""

from bertsim.hub.download import fetch, fetch_data, head_files, is_repository_id, split_revision

__all__ = ["fetch", "fetch_data", "head_files", "is_repository_id", "split_revision"]
