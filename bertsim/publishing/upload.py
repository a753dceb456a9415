"""Files -> one commit of a repository on the Hub, which is made where it is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from bertsim.errors import HubError
from bertsim.hub.failures import told_in_a_sentence

Content = Path | bytes


def check_name(repository: str) -> None:
    """Check that a repository can be written to.

    Raises:
        HubError: its name is not user/name, or there is no token to write with.
    """
    from huggingface_hub import get_token

    if repository.count("/") != 1 or not all(repository.split("/")):
        raise HubError(f"{repository!r} is no name of a repository to make; give user/name.")
    if get_token() is None:
        raise HubError(
            f"{repository} cannot be written to without a token; make one that may write under Settings, Access "
            "Tokens on the Hub, and set HF_TOKEN."
        )


def send(
    repository: str,
    kind: Literal["model", "space"],
    files: Mapping[str, Content],
    message: str,
    *,
    is_ours: Callable[[str], bool],
    private: bool,
    tag: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """Upload files in one commit; what the repository has besides, and `is_ours`, goes.

    Args:
        repository, kind: where to, and what is made where nothing is; `private`: as it is made, not later.
        files: by path in the repository.
        message, tag: of the commit; a tag that is there already is not moved.
        is_ours: whether a path is one that the next upload would make, and so is stale where this one does not.
        variables: of a Space's environment; others that it has stay.

    Returns:
        Its address, and the commit.

    Raises:
        HubError: the tag is there already, or what the Hub refuses: making a Gradio Space needs a paid plan, say.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api, sdk = HfApi(), "gradio" if kind == "space" else None
    with told_in_a_sentence(repository, doing="created"):
        url = api.create_repo(repository, repo_type=kind, private=private, exist_ok=True, space_sdk=sdk)
    with told_in_a_sentence(repository, doing="published" if kind == "model" else "deployed"):
        if tag and tag in [ref.name for ref in api.list_repo_refs(repository, repo_type=kind).tags]:
            raise HubError(f"{repository} has the tag {tag} already, and a tag is not moved; give another with --tag.")
        for key, value in (variables or {}).items():
            api.add_space_variable(repository, key, value)
        held = api.list_repo_files(repository, repo_type=kind)
        stale = [path for path in held if path not in files and is_ours(path)]
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            *(CommitOperationAdd(path, content) for path, content in files.items()),
            *(CommitOperationDelete(path, is_folder=False) for path in stale),
        ]
        made = api.create_commit(repository, operations, commit_message=message, repo_type=kind)
    if tag:
        with told_in_a_sentence(repository, doing="tagged"):
            api.create_tag(repository, tag=tag, revision=made.oid)
    return str(url), made.oid


def size_of(content: Content) -> int:
    """Bytes of a file."""
    return len(content) if isinstance(content, bytes) else content.stat().st_size
