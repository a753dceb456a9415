"""The Hub client against a server on loopback that speaks its protocol; the unmodified huggingface_hub drives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import pytest

from tests.checkpoints import make_checkpoint

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "someone/tiny-bert"


class _Hub(BaseHTTPRequestHandler):
    """Model info, tree, and file resolution for one public repository; everything else is not found."""

    folder: Path
    gated = False
    requests: list[str]

    def log_message(self, *args: object) -> None:
        """Say nothing on stderr."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        path = unquote(self.path.partition("?")[0])
        self.requests.append(path)
        api = f"/api/models/{REPOSITORY}"
        if not path.startswith((api, f"/{REPOSITORY}/")):
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)
        if "/no-such-branch" in path:
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, with_body)
        if type(self).gated:
            return self._send(403, b"{}", {"X-Error-Code": "GatedRepo"}, with_body)
        names = sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())
        if path.startswith(f"{api}/tree/"):
            tree = [
                {"type": "file", "path": n, "size": (self.folder / n).stat().st_size, "oid": n} for n in names
            ]
            return self._send(200, json.dumps(tree).encode(), {}, with_body)
        if path.startswith(api):
            info = {"id": REPOSITORY, "sha": COMMIT, "siblings": [{"rfilename": n} for n in names]}
            return self._send(200, json.dumps(info).encode(), {}, with_body)
        name = path.split(f"/{REPOSITORY}/resolve/")[1].partition("/")[2]
        if name not in names:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, with_body)
        body = (self.folder / name).read_bytes()
        return self._send(
            200, body, {"X-Repo-Commit": COMMIT, "ETag": f'"{sha256(body).hexdigest()}"'}, with_body
        )

    def _send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Length": str(len(body)),
            "Content-Type": "application/json",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, type[_Hub]]]:
    folder = make_checkpoint(
        tmp_path / "repo", prefix="bert.", sentence_transformers={"pooling_mode": "max"}, max_seq_length=20
    )
    (folder / "pytorch_model.bin").write_bytes(b"never asked for")
    handler = type("Hub", (_Hub,), {"folder": folder, "requests": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()


def run(
    endpoint: str, home: Path, source: str, revision: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Load by name in a process of its own: huggingface_hub reads its environment when it is imported."""
    code = (
        "import sys, bertsim\n"
        f"try:\n    m = bertsim.load({source!r}, revision={revision!r}, engine='tensorflow')\n"
        "except bertsim.BertsimError as error:\n    sys.exit(str(error))\n"
        "print(m.name, m.revision, m.default_pooling, m.max_length, m.score([('the dog', 'a cat')])[0])"
    )
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)


def test_a_repository_is_loaded_by_name_and_again_from_the_cache(hub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    endpoint, handler = hub
    first = run(endpoint, tmp_path / "home", REPOSITORY)
    assert first.returncode == 0, first.stderr
    assert first.stdout.split()[:4] == [REPOSITORY, COMMIT, "max", "20"]
    assert not any("pytorch_model.bin" in request for request in handler.requests)
    handler.requests.clear()
    again = run(endpoint, tmp_path / "home", REPOSITORY, COMMIT)
    assert again.stdout == first.stdout
    assert handler.requests == []


def test_what_cannot_be_had_is_said_in_one_sentence(hub, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    endpoint, handler = hub
    unknown = run(endpoint, tmp_path / "home", "someone/nothing")
    assert (
        "someone/nothing is not on the Hub, or is private: check the name, or set HF_TOKEN." in unknown.stderr
    )
    revision = run(endpoint, tmp_path / "home", REPOSITORY, "no-such-branch")
    assert f"{REPOSITORY} has no revision 'no-such-branch'" in revision.stderr
    handler.gated = True
    gated = run(endpoint, tmp_path / "home", REPOSITORY)
    assert f"{REPOSITORY} is gated: accept its terms on the Hub and set HF_TOKEN." in gated.stderr
    nowhere = run("http://127.0.0.1:9", tmp_path / "home", REPOSITORY)
    assert "is not in the local cache and the Hub cannot be reached" in nowhere.stderr
    for failed in (unknown, revision, gated, nowhere):
        assert "Traceback" not in failed.stderr
