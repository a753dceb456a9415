"""What huggingface_hub raises -> `HubError`: one sentence that says what to do, and never shows a token."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from bertsim.errors import BertsimError, HubError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def told_in_a_sentence(repository: str, revision: str | None = None, doing: str = "fetched") -> Iterator[None]:
    """Say every failure of the client inside the block in a sentence about the repository; `doing` as "published".

    Raises:
        HubError: it failed.
    """
    from huggingface_hub import get_token

    try:
        yield
    except BertsimError:
        raise
    except Exception as error:
        sentence = _sentence(error, repository, revision, doing)
        if sentence is None:
            raise
        token = get_token()
        raise HubError(sentence.replace(token, "hf_…") if token else sentence) from None


def _sentence(error: BaseException, repository: str, revision: str | None, doing: str) -> str | None:
    """What to say of an error of the client or of the disk; None where it is a bug."""
    from httpx2 import HTTPError
    from huggingface_hub import constants, errors

    what = f"{repository} at revision {revision!r}" if revision else repository
    said = str(getattr(error, "server_message", None) or error).partition("\n")[0].rstrip(".")
    status = getattr(getattr(error, "response", None), "status_code", 0)
    match error:
        case errors.GatedRepoError():
            return f"{repository} is gated: accept its terms on the Hub and set HF_TOKEN."
        case errors.RevisionNotFoundError():
            return f"{repository} has no revision {revision!r}; look up its branches, tags or commits."
        case errors.RepositoryNotFoundError():
            return f"{repository} is not on the Hub, or is private: check the name, or set HF_TOKEN."
        case errors.LocalEntryNotFoundError() | errors.RevisionResolutionError() | errors.OfflineModeIsEnabled():
            if doing != "fetched":
                return f"{repository} was not {doing}: the Hub cannot be reached; connect to the network."
            why = "HF_HUB_OFFLINE is set" if constants.is_offline_mode() else "the Hub cannot be reached"
            return f"{what} is not in the local cache and {why}; connect to the network, or use the bundled encoder."
        case errors.HFValidationError():
            return f"{repository!r} is no repository id: {said}; give user/name."
        case errors.HfHubHTTPError() if status == 401:
            return f"{repository} was not {doing}: the Hub does not accept the token; set HF_TOKEN to a valid one."
        case errors.HfHubHTTPError() if status in (402, 403):
            return f"{repository} was not {doing}: the Hub refuses it ({said}); check plan and token."
        case errors.HfHubHTTPError():
            return f"{what} could not be {doing}: {said}; try again later."
        case HTTPError() if doing != "fetched":
            return f"{repository} was not {doing}: the connection failed ({type(error).__name__}); try again."
        case HTTPError():
            return (
                f"the download of {what} was cut off ({type(error).__name__}); run it again: files that arrived whole"
                " are kept."
            )
        case OSError() if error.errno in _FULL:
            return f"{what} could not be stored: the disk is full; make room, or set HF_HOME to a larger disk."
        case OSError() if error.errno is None:  # the client's own: a file of the wrong size
            return f"{what} could not be {doing}: {said}; run it again."
        case OSError() if error.filename is not None:
            return f"{what} could not be stored: {error.strerror}, {error.filename}; check the rights of HF_HOME."
        case RuntimeError() if error.__cause__ is not None:  # an upload in a thread
            return _sentence(error.__cause__, repository, revision, doing)
        case TypeError() | ValueError() | LookupError() | AttributeError() if _is_the_client_s(error):
            return f"{what} was not {doing}: the Hub's answer cannot be read ({said[:120]}); try again later."
    return None


def _is_the_client_s(error: BaseException) -> bool:
    """Whether what came from outside could not be read by the client, which says so as of a bug of its own."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace is not None and not str(trace.tb_frame.f_globals.get("__name__")).startswith("bertsim.")
