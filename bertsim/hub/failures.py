"""What huggingface_hub raises -> `HubError`: one sentence that says what to do, and never shows a token."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from bertsim.errors import BertsimError, HubError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def told_in_a_sentence(
    repository: str, revision: str | None = None, doing: str = "fetched"
) -> Iterator[None]:
    """Turn every failure of the client inside the block into a `HubError`.

    Args:
        repository: what the sentence is about.
        revision: that was asked for.
        doing: "fetched", "published" or "deployed".

    Raises:
        HubError: see above.
    """
    try:
        yield
    except BertsimError:
        raise
    except Exception as error:
        sentence = _sentence(error, repository, revision, doing)
        if sentence is None:
            raise
        raise HubError(without_token(sentence)) from None


def without_token(text: str) -> str:
    """The text with the token, should it stand there, replaced."""
    from huggingface_hub import get_token

    token = get_token()
    return text.replace(token, "hf_…") if token else text


def _sentence(error: Exception, repository: str, revision: str | None, doing: str) -> str | None:
    """What to say of an error that is also one of Python's own kinds; None where it is a bug."""
    said = _of_the_client(error, repository, revision, doing)
    if said is None and isinstance(error, OSError):
        said = _of_the_disk(error, f"{repository}{_at(revision)}", doing)
    if said is None and isinstance(error, RuntimeError) and error.__cause__ is not None:
        said = _of_the_client(error.__cause__, repository, revision, doing)  # an upload in a thread
    return said


def _of_the_client(error: BaseException, repository: str, revision: str | None, doing: str) -> str | None:
    from httpx2 import HTTPError
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return f"{repository} is gated: accept its terms on the Hub and set HF_TOKEN."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repository} has no revision {revision!r}; look up its branches, tags or commits."
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"{repository} is not on the Hub, or is private: check the name, or set HF_TOKEN."
    if isinstance(
        error,
        (errors.LocalEntryNotFoundError, errors.RevisionResolutionError, errors.OfflineModeIsEnabled),
    ):
        return _unreachable(repository, revision, doing)
    if isinstance(error, errors.HFValidationError):
        return (
            f"{repository!r} is no repository id: {str(error).splitlines()[0].rstrip('.')}; give user/name."
        )
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(error, repository, revision, doing)
    if isinstance(error, HTTPError):
        if doing != "fetched":
            return f"{repository} was not {doing}: the connection failed ({type(error).__name__}); try again."
        return (
            f"the download of {repository}{_at(revision)} was cut off ({type(error).__name__}); run it again: "
            "files that arrived whole are kept."
        )
    return None


def _unreachable(repository: str, revision: str | None, doing: str) -> str:
    from huggingface_hub import constants

    if doing != "fetched":
        return f"{repository} was not {doing}: the Hub cannot be reached; connect to the network."
    why = "HF_HUB_OFFLINE is set" if constants.is_offline_mode() else "the Hub cannot be reached"
    return (
        f"{repository}{_at(revision)} is not in the local cache and {why}; connect to the network, or use the "
        "bundled encoder."
    )


def _refused(error: Exception, repository: str, revision: str | None, doing: str) -> str:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    said = getattr(error, "server_message", None) or str(error).splitlines()[0]
    if status == 401:
        return (
            f"{repository} was not {doing}: the Hub does not accept the token; set HF_TOKEN to a valid one."
        )
    if status in (402, 403):
        return f"{repository} was not {doing}: the Hub refuses it ({said.rstrip('.')}); check plan and token."
    return f"{repository}{_at(revision)} could not be {doing}: {said.rstrip('.')}; try again later."


def _of_the_disk(error: OSError, what: str, doing: str) -> str | None:
    if error.errno in _FULL:
        return f"{what} could not be stored: the disk is full; make room, or set HF_HOME to a larger disk."
    if error.errno is None:  # the client's own: a file of the wrong size
        return f"{what} could not be {doing}: {str(error).splitlines()[0].rstrip('.')}; run it again."
    if error.filename is not None:
        return f"{what} could not be stored: {error.strerror}, {error.filename}; check the rights of HF_HOME."
    return None


def _at(revision: str | None) -> str:
    return f" at revision {revision!r}" if revision else ""
