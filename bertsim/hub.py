"""Hugging Face Hub -> a local folder. The only file that imports huggingface_hub.

Only the files that a BERT needs are downloaded. A revision is resolved to a commit; with a full commit
and a warm cache no request is made. HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE mean what they
always do.
"""

from __future__ import annotations

import re
from pathlib import Path

from bertsim.config import TEXT_FILES
from bertsim.errors import HubError

# Only these are downloaded.
PATTERNS = (
    *TEXT_FILES,
    "model.safetensors",
    "model-*-of-*.safetensors",
    "model.safetensors.index.json",
    "model.tflite",
    "manifest.json",
    "README.md",
    "recipe.toml",
    "curve.png",
    "metrics.json",
    "calibration.json",
    "combined.json",
    *(
        f"heads/*/{name}"
        for name in ("*.json", "model.safetensors", "model.tflite", "curve.png", "README.md")
    ),
)
_REPOSITORY = re.compile(r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")


def is_repository_id(source: str) -> bool:
    """Whether a text has the form `name` or `user/name`."""
    return _REPOSITORY.match(source) is not None


def fetch(repository: str, revision: str | None = None) -> tuple[Path, str]:
    """Bring a repository's files into the local cache.

    Args:
        repository: "user/name".
        revision: branch, tag or commit; None = the main branch.

    Returns:
        The folder, and the full commit that it holds.

    Raises:
        HubError: it cannot be had; says why and what to do.
    """
    from huggingface_hub import errors, snapshot_download

    at = f" at revision {revision!r}" if revision else ""
    try:
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=list(PATTERNS)))
    except errors.GatedRepoError:
        raise HubError(f"{repository} is gated: accept its terms on the Hub and set HF_TOKEN.") from None
    except errors.RevisionNotFoundError:
        raise HubError(
            f"{repository} has no revision {revision!r}; look up its branches, tags or commits."
        ) from None
    except errors.RepositoryNotFoundError:
        raise HubError(
            f"{repository} is not on the Hub, or is private: check the name, or set HF_TOKEN."
        ) from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled):
        raise HubError(
            f"{repository}{at} is not in the local cache and the Hub cannot be reached; "
            "connect to the network, or use the bundled encoder."
        ) from None
    except errors.HfHubHTTPError as error:
        raise HubError(f"{repository}{at} could not be fetched: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise HubError(
            f"{repository}{at} could not be stored: {error}; check the space and rights of HF_HOME."
        ) from None
    return folder, folder.name
