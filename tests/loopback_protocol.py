"""What the Hub of `loopback_hub` holds, and how it answers: its repositories, and a handler of every route."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

if TYPE_CHECKING:
    from tests.loopback_hub import LoopbackHub

TOKEN = "hf_loopbackSecretOfTheTests"
LARGE = (".safetensors", ".tflite", ".parquet", ".png", ".bin", ".onnx")


@dataclass
class Repository:
    """One repository and its history.

    Attributes:
        commits: by id, every file's content by path.
        refs: branches and tags, and the commit that each stands for.
        private: answers 401 without the token.
        gated: answers 403 without the token.
        variables: of a Space.
        created: what the request that made it said.
    """

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    private: bool = False
    gated: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    created: dict[str, Any] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, files: dict[str, bytes], message: str = "files") -> str:
        """Put `files` on main as they stand, nothing else; return the commit's id."""
        oid = sha1(repr((sorted(files), len(self.commits), message)).encode()).hexdigest()
        self.commits[oid] = dict(files)
        self.refs["main"] = oid
        self.messages.append(message)
        return oid

    @property
    def files(self) -> dict[str, bytes]:
        """What is on main."""
        return self.commits[self.refs["main"]]


class _Answer(Exception):
    """What is sent back, raised from wherever it is known."""

    def __init__(self, status: int, body: object = b"", **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class _Sent(Exception):
    """The answer is on its way already."""


_ROUTES: list[tuple[str, re.Pattern[str], Callable[..., None]]] = []


def _route(method: str, pattern: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a method of the handler for the paths that match."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        _ROUTES.append((method, re.compile(pattern + r"\Z"), function))
        return function

    return register


_KIND, _NAME = r"/api/(?P<kind>models|datasets|spaces)", r"/(?P<name>[\w.-]+/[\w.-]+)"
_PLACE = r"(?:/(?P<kind>datasets|spaces))?" + _NAME


class Handler(BaseHTTPRequestHandler):
    """One request."""

    hub: LoopbackHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Say nothing on stderr."""

    def _handle(self) -> None:
        path, _, query = self.path.partition("?")
        self.query = parse_qs(query)
        self.hub.requests.append((self.command, unquote(path)))
        length = int(self.headers.get("Content-Length") or 0)
        self.sent = self.rfile.read(length)
        try:
            for (method, pattern), (status, headers, body) in self.hub.refuse.items():
                if method == self.command and re.search(pattern, unquote(path)):
                    raise _Answer(status, body, **headers)
            for method, route, function in _ROUTES:
                found = route.match(path)
                if found and method == ("GET" if self.command == "HEAD" else self.command):
                    function(self, **{k: unquote(v) if v else v for k, v in found.groupdict().items()})
            raise _Answer(404, {"error": f"no route for {self.command} {path}"})
        except _Answer as answer:
            self._send(answer)
        except _Sent:
            pass

    do_GET = do_HEAD = do_POST = do_PUT = _handle

    def _send(self, answer: _Answer, cut: int | None = None) -> None:
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(answer.body[:cut])
        if cut is not None and cut < len(answer.body):
            self.wfile.flush()
            self.close_connection = True

    def _repository(self, kind: str | None, name: str) -> Repository:
        found = self.hub.repositories.get((kind or "models", name))
        is_known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if found is None or (found.private and not is_known):
            raise _Answer(401 if not is_known else 404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        if found.gated and not is_known:
            raise _Answer(403, {"error": f"Access to {name} is restricted"}, X_Error_Code="GatedRepo")
        return found

    def _writable(self, kind: str | None, name: str) -> Repository:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise _Answer(401, {"error": "Invalid username or password."})
        return self._repository(kind, name)

    def _at(self, repository: Repository, revision: str) -> str:
        commit = repository.refs.get(revision, revision)
        if commit not in repository.commits:
            raise _Answer(404, {"error": f"Invalid rev id: {revision}"}, X_Error_Code="RevisionNotFound")
        return commit

    @_route("GET", _KIND + _NAME + r"(?:/revision/(?P<revision>[^/]+))?")
    def _info(self, kind: str, name: str, revision: str | None) -> None:
        repository = self._repository(kind, name)
        commit = self._at(repository, revision or "main")
        siblings = [{"rfilename": path} for path in repository.commits[commit]]
        raise _Answer(200, {"id": name, "sha": commit, "private": repository.private, "siblings": siblings})

    @_route("GET", _KIND + _NAME + r"/tree/(?P<revision>[^/]+)")
    def _tree(self, kind: str, name: str, revision: str) -> None:
        repository = self._repository(kind, name)
        entries = []
        for path, body in repository.commits[self._at(repository, revision)].items():
            size = self.hub.pretend.get(path, len(body))
            entry: dict[str, Any] = {"type": "file", "path": path, "size": size, "oid": git_id(body)}
            if path.endswith(LARGE):
                entry["lfs"] = {"oid": sha256(body).hexdigest(), "size": size, "pointerSize": 130}
            entries.append(entry)
        raise _Answer(200, entries)

    @_route("GET", _KIND + _NAME + r"/refs")
    def _refs(self, kind: str, name: str) -> None:
        repository = self._repository(kind, name)
        named: dict[str, list[dict[str, str]]] = {"branches": [], "tags": [], "converts": []}
        for ref, commit in repository.refs.items():
            where = ("tags", "tags") if ref in repository.tags else ("branches", "heads")
            named[where[0]].append({"name": ref, "ref": f"refs/{where[1]}/{ref}", "targetCommit": commit})
        raise _Answer(200, named)

    @_route("GET", _PLACE + r"/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
    def _resolve(self, kind: str | None, name: str, revision: str, path: str) -> None:
        repository = self._repository(kind, name)
        commit = self._at(repository, revision)
        body = repository.commits[commit].get(path)
        if body is None:
            raise _Answer(404, b"", X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        headers = {"X_Repo_Commit": commit, "Accept_Ranges": "bytes"}
        if not path.endswith(LARGE):
            return self._body(path, body, ETag=f'"{git_id(body)}"', **headers)
        oid = sha256(body).hexdigest()
        self.hub.blobs[oid] = body
        headers |= {"X_Linked_ETag": f'"{oid}"', "X_Linked_Size": str(self.hub.pretend.get(path, len(body)))}
        raise _Answer(302, b"", Location=f"{self.hub.cdn}/cdn/{oid}/{path}", **headers)

    @_route("GET", r"/cdn/(?P<oid>[0-9a-f]{64})/(?P<path>.+)")
    def _cdn(self, oid: str, path: str) -> None:
        if "Authorization" in self.headers:
            self.hub.leaked.append(path)
        self._body(path, self.hub.blobs[oid], ETag=f'"{oid}"')

    def _body(self, path: str, body: bytes, **headers: str) -> None:
        """A file's content, from where the client wants it; with the faults that the test has set."""
        if path in self.hub.flip:
            body = body[:-1] + bytes([body[-1] ^ 1])
        status, total = 200, len(body)
        wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if wanted:
            self.hub.ranges.append(f"{path} {wanted[1]}")
            headers["Content_Range"] = f"bytes {wanted[1]}-{total - 1}/{total}"
            status, body = 206, body[int(wanted[1]) :]
        cut, times = self.hub.cut.get(path, (None, 0))
        answer = _Answer(status, body, **headers)
        if self.command == "GET" and times > 0 and cut is not None:
            self.hub.cut[path] = (cut, times - 1)
            self._send(answer, cut)
            raise _Sent
        raise answer

    @_route("POST", r"/api/validate-yaml")
    def _validate(self) -> None:
        raise _Answer(200, {"errors": [], "warnings": []})

    @_route("POST", r"/api/repos/create")
    def _create(self) -> None:
        asked = json.loads(self.sent)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise _Answer(401, {"error": "Invalid username or password."})
        kind, name = f"{asked.get('type') or 'model'}s", f"{asked['organization']}/{asked['name']}"
        prefix = "" if kind == "models" else f"{kind}/"
        url = {"url": f"{self.hub.url}/{prefix}{name}"}
        if (kind, name) in self.hub.repositories:
            raise _Answer(409, {"error": "You already created this repo", **url})
        made = Repository(private=asked.get("visibility") == "private", created=asked)
        made.variables = {each["key"]: each["value"] for each in asked.get("variables", [])}
        made.commit({".gitattributes": b"* text=auto\n"}, "initial commit")
        self.hub.repositories[kind, name] = made
        raise _Answer(200, url)

    @_route("POST", _KIND + _NAME + r"/preupload/(?P<revision>[^/]+)")
    def _preupload(self, kind: str, name: str, revision: str) -> None:
        held = self._writable(kind, name).files
        files = []
        for asked in json.loads(self.sent)["files"]:
            path = asked["path"]
            mode = "lfs" if path.endswith(LARGE) else "regular"
            oid = None
            if path in held:
                oid = sha256(held[path]).hexdigest() if mode == "lfs" else git_id(held[path])
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        raise _Answer(200, {"files": files})

    @_route("POST", _PLACE + r"\.git/info/lfs/objects/batch")
    def _batch(self, kind: str | None, name: str) -> None:
        self._writable(kind, name)
        objects = []
        for asked in json.loads(self.sent)["objects"]:
            upload = {"href": f"{self.hub.url}/upload/{asked['oid']}", "header": {}}
            objects.append({**asked, **({} if asked["oid"] in self.hub.blobs else {"actions": {"upload": upload}})})
        raise _Answer(200, {"transfer": "basic", "objects": objects})

    @_route("PUT", r"/upload/(?P<oid>[0-9a-f]{64})")
    def _upload(self, oid: str) -> None:
        if sha256(self.sent).hexdigest() != oid:
            raise _Answer(400, b"wrong content")
        self.hub.blobs[oid] = self.sent
        raise _Answer(200)

    @_route("POST", _KIND + _NAME + r"/commit/(?P<revision>[^/]+)")
    def _commit(self, kind: str, name: str, revision: str) -> None:
        repository = self._writable(kind, name)
        files, message = dict(repository.files), ""
        for line in self.sent.decode().splitlines():
            operation = json.loads(line)
            value = operation["value"]
            match operation["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.blobs[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        oid = repository.commit(files, message)
        url = f"{self.hub.url}/{name}/commit/{oid}"
        raise _Answer(200, {"success": True, "commitOid": oid, "commitUrl": url})

    @_route("POST", _KIND + _NAME + r"/tag/(?P<revision>[^/]+)")
    def _tag(self, kind: str, name: str, revision: str) -> None:
        repository, tag = self._writable(kind, name), json.loads(self.sent)["tag"]
        if tag in repository.refs:
            raise _Answer(409, {"error": "Tag reference exists already"})
        repository.refs[tag] = self._at(repository, revision)
        repository.tags.add(tag)
        raise _Answer(200, {})

    @_route("POST", r"/api/(?P<kind>spaces)" + _NAME + r"/variables")
    def _variable(self, kind: str, name: str) -> None:
        repository, asked = self._writable(kind, name), json.loads(self.sent)
        repository.variables[asked["key"]] = asked["value"]
        raise _Answer(200, {key: {"value": value} for key, value in repository.variables.items()})


def git_id(body: bytes) -> str:
    """What git calls a file of this content."""
    return sha1(b"blob %d\0" % len(body) + body).hexdigest()
