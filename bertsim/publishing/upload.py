"""Files -> one commit of a repository on the Hub, which is made where it is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from bertsim.errors import HubError
from bertsim.hub.failures import told_in_a_sentence

Kind = Literal["model", "space"]
Content = Path | bytes


def check_name(repository: str) -> None:
    """Raise HubError for what is not user/name, or where there is no token to write with."""
    from huggingface_hub import get_token

    if repository.count("/") != 1 or not all(repository.split("/")):
        raise HubError(f"{repository!r} is no name of a repository to make; give user/name.")
    with told_in_a_sentence(repository, doing="published"):
        if get_token() is None:
            raise HubError(
                f"{repository} cannot be written to without a token; make one that may write under Settings, Access "
                "Tokens on the Hub, and set HF_TOKEN."
            )


def make_repository(repository: str, kind: Kind, *, private: bool) -> str:
    """Make the repository where it is not there; return its address. Raises HubError where that is refused."""
    from huggingface_hub import HfApi

    with told_in_a_sentence(repository, doing="created"):
        made = HfApi().create_repo(
            repository,
            repo_type=kind,
            private=private,
            exist_ok=True,
            space_sdk="gradio" if kind == "space" else None,
        )
    return str(made)


def send_files(
    repository: str,
    kind: Kind,
    files: Mapping[str, Content],
    message: str,
    is_ours: Callable[[str], bool],
) -> str:
    """Upload files in one commit; what the repository has besides, and `is_ours`, goes.

    Args:
        repository, kind: where to.
        files: by path in the repository.
        message: of the commit.
        is_ours: whether a path is one that the next upload would make, and so is stale where this one does not.

    Returns:
        The commit.

    Raises:
        HubError: the Hub cannot be reached, or refuses it.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    with told_in_a_sentence(repository, doing="published" if kind == "model" else "deployed"):
        api = HfApi()
        held = api.list_repo_files(repository, repo_type=kind)
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(path, content) for path, content in files.items()
        ]
        operations += [
            CommitOperationDelete(path, is_folder=False)
            for path in held
            if path not in files and is_ours(path)
        ]
        made = api.create_commit(repository, operations, commit_message=message, repo_type=kind)
    return str(made.oid)


def size_of(content: Content) -> int:
    """Bytes of a file."""
    return len(content) if isinstance(content, bytes) else content.stat().st_size
