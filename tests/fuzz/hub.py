"""Answers of a Hub that is broken, or means harm: its lists, its descriptions and its files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bertsim import hub
from tests import loopback_hub
from tests.checkpoints import make_checkpoint
from tests.fuzz.inputs import changed_json, mutated
from tests.fuzz.route import ANSWERED, Fault, Made, route

_NAME = "someone/tiny"
_PATHS = ("../../evil/config.json", "heads/../config.json", "heads/x/../../../../evil.json", "..", "a\x00b")
_STATUS = (200, 200, 200, 204, 301, 302, 307, 400, 401, 403, 404, 410, 418, 451)


@route
def hub_answers(place: Path) -> Iterator[Made]:
    """What `load("user/name")` fetches."""
    folder = make_checkpoint(place / "tiny", hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    with loopback_hub.serving() as server:
        commit = server.add(_NAME, folder)
        sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
        info: Any = {"id": _NAME, "sha": commit, "private": False, "siblings": [{"rfilename": name} for name in sizes]}
        tree: Any = [{"type": "file", "path": name, "size": size, "oid": "0" * 40} for name, size in sizes.items()]
        paths = (*_PATHS, str(place / "evil.json"))
        evil = [{"type": "file", "path": path, "size": 2, "oid": "1" * 40} for path in paths]

        def attempt(given: tuple[str, int, bytes, dict[str, str]]) -> str:
            pattern, status, body, headers = given
            home = place / "home"
            server.refuse = {(method, pattern): (status, headers, body) for method in ("GET", "HEAD")}
            try:
                with server.reached(home):
                    found, _ = hub.fetch(_NAME, max_bytes=10**7)
                if not found.resolve().is_relative_to(home.resolve()):
                    raise Fault("a folder outside the cache")
            finally:
                server.refuse = {}
                shutil.rmtree(home, ignore_errors=True)
                if {each.name for each in place.iterdir()} > {"tiny"}:
                    raise Fault("a file outside the cache")
            return ANSWERED

        def as_json(value: Any) -> bytes:
            return json.dumps(value).encode()

        infos = changed_json(info).map(as_json) | mutated(as_json(info))
        trees = changed_json(tree).map(as_json) | mutated(as_json(tree))
        harm = st.lists(st.sampled_from(evil), min_size=1, max_size=3).map(lambda more: as_json(tree + more))
        odd = {"Location": ("http://127.0.0.1:1/", "file:///etc/passwd", "", "//x"), "ETag": ('"x"', "../../evil", "")}
        odd |= {"X_Repo_Commit": ("../../evil", "0" * 40, "x"), "X_Error_Code": ("GatedRepo", "x", "EntryNotFound")}
        headers = st.fixed_dictionaries({}, optional={name: st.sampled_from(each) for name, each in odd.items()})
        bodies = [
            st.tuples(st.just(r"/api/models/someone/tiny(/revision/|$)"), st.sampled_from(_STATUS), infos, headers),
            st.tuples(st.just(r"/tree/"), st.sampled_from(_STATUS), trees | harm, headers),
            st.tuples(st.just(r"/tree/"), st.just(200), harm, st.just({})),
            st.tuples(
                st.sampled_from((r"/resolve/.*config.json", r"/cdn/", r"/resolve/")),
                st.sampled_from(_STATUS),
                st.binary(max_size=40),
                headers,
            ),
        ]
        yield st.one_of(bodies), attempt
