"""A Hugging Face Hub on loopback: repositories in memory, behind the protocol that the real client speaks.

Models, datasets and Spaces; files by resolve (HEAD and GET, `X-Repo-Commit`, ETag, redirect to another path for large
files, ranges), model info, tree, refs, `X-Error-Code`; create, preupload, LFS batch, commit, tag, Space variables.
How each is answered stands in `loopback_protocol`. It is driven only by the unmodified huggingface_hub: in this process
inside `reached()`, in one of its own with `environment()`, for the client reads HF_ENDPOINT and its like when it is
imported. Xet is switched off there: its servers are not spoken here.

Faults are set by a test: `cut` (a body ends early), `flip` (a byte arrives wrong), `gated`, `private`, `refuse`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.loopback_protocol import Handler, Repository


class LoopbackHub:
    """The server and what it holds.

    Attributes:
        url: of the server; large files are redirected to another name of it, `cdn`.
        repositories: by ("models" | "datasets" | "spaces", "user/name").
        requests: (method, path) of everything that was asked, in order.
        ranges: the Range headers of the downloads.
        cut: path -> after how many bytes its body ends, and how often.
        flip: paths whose last byte arrives changed.
        pretend: path -> the size that tree and HEAD state.
        leaked: paths asked of `cdn` with the token, which is not for it.
        refuse: (method, pattern of the path) -> (status, headers, body) that is answered instead.
    """

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.ranges: list[str] = []
        self.cut: dict[str, tuple[int, int]] = {}
        self.flip: set[str] = set()
        self.pretend: dict[str, int] = {}
        self.refuse: dict[tuple[str, str], tuple[int, dict[str, str], bytes]] = {}
        handler = type("Handler", (Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        port = self._server.server_address[1]
        self.url, self.cdn = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        self.leaked: list[str] = []
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, folder: Path | dict[str, bytes], kind: str = "models", **options: bool) -> str:
        """Make or change a repository, as a push would; return the commit."""
        files = folder
        if isinstance(folder, Path):
            files = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
        repository = self.repositories.setdefault((kind, name), Repository())
        for option, value in options.items():
            setattr(repository, option, value)
        assert isinstance(files, dict)
        return repository.commit(files)

    def model(self, name: str) -> Repository:
        """The model repository of that name."""
        return self.repositories["models", name]

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """The environment of a process whose client talks to this server; `home` is its HF_HOME."""
        return os.environ | {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "XDG_CACHE_HOME": str(home / "cache"),
            **more,
        }

    @contextlib.contextmanager
    def reached(self, home: Path, **more: str) -> Iterator[None]:
        """Have this process's client talk to the server, as `environment` has it in a process of its own."""
        from huggingface_hub import _tree_cache, constants

        environment = self.environment(home, **more)
        settings = {
            "ENDPOINT": environment["HF_ENDPOINT"],
            "HUGGINGFACE_CO_URL_TEMPLATE": environment["HF_ENDPOINT"] + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_HUB_OFFLINE": environment["HF_HUB_OFFLINE"] == "1",
            "HF_HUB_DISABLE_XET": True,
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setattr(constants, name, value)
            patch.setattr(_tree_cache, "_IN_MEMORY_TREE_CACHE", {})
            for name, value in environment.items():
                patch.setenv(name, value)
            yield


@contextlib.contextmanager
def serving() -> Iterator[LoopbackHub]:
    """A Hub for the length of a `with` block."""
    hub = LoopbackHub()
    try:
        yield hub
    finally:
        hub.stop()
