"""The house: imports go one way, pins are exact, serving stays light, and nothing leaves the machine."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import bertsim
from bertsim.model.loading import BUNDLED_NAME
from tests import guard

ROOT = Path(__file__).parent.parent
MODULES = sorted([ROOT / "app.py", *(ROOT / "bertsim").rglob("*.py")])

# A package imports from itself and from those before it, never from those behind it.
ORDER = (
    *("errors", "json_files", "records", "version"),
    *("data", "text", "bert", "engines", "heads", "score", "hub", "export", "model", "batch"),
    *("measuring", "training", "publishing", "views", "ui", "cli", "__init__", "__main__", "app"),
)
CORE = (
    "errors",
    "json_files",
    "records",
    "version",
    "data",
    "text",
    "bert",
    "engines",
    "heads",
    "score",
    "model",
)
# Who may import a heavy library, at the top of the file or inside a function.
TENSORFLOW = {
    "bert/encoder",
    "bert/checkpoint",
    "heads/network",
    "heads/tensorflow",
    "engines/tensorflow",
    "export",
    "training",
}
ALLOWED = {
    "tensorflow": TENSORFLOW,
    "keras": TENSORFLOW,
    "ai_edge_litert": {"engines/litert"},
    "transformers": {"text/tokenizer_files"},
    "gradio": {"ui", "app"},
    "huggingface_hub": {"hub", "publishing"},
    "tqdm": {"cli"},
}
HEAVY = ("tensorflow", "keras", "transformers", "gradio", "sklearn", "scipy", "pandas")


def room(path: Path) -> str:
    """Name the room of a module: `views` for bertsim/views/anatomy.py, `app` for app.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if len(parts) > 1 else parts[0]


def imported_names(tree: ast.AST, path: Path) -> Iterator[str]:
    """Yield every dotted name that a module imports, relative ones resolved, type-checking ones left out."""
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            source = base if node.level else str(node.module)
            yield from (f"{source}.{alias.name}" for alias in node.names)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def run(code: str, *arguments: str) -> str:
    """Run Python code in a fresh process; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path):
    here = room(path)
    assert here in ORDER, f"{here} has no place in ORDER yet: decide where it belongs"
    for name in imported_names(parse(path), path):
        top, *rest = name.split(".")
        if top == "bertsim":
            there = rest[0] if rest and rest[0] in ORDER else "__init__"
            if here in ("app", "cli", "ui", "__main__") and there == "__init__":
                continue  # the edges may use the public names
            assert ORDER.index(there) <= ORDER.index(here), (
                f"{path.name} imports {name}, which stands behind it"
            )
        elif top in ALLOWED:
            place = path.relative_to(ROOT / "bertsim").with_suffix("").as_posix() if here != "app" else "app"
            assert {here, place} & ALLOWED[top], f"{place} imports {top}; only {sorted(ALLOWED[top])} may"


def test_the_house_is_small():
    entries = [path.name for path in (ROOT / "bertsim").iterdir() if path.name != "__pycache__"]
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in MODULES}
    core = sum(count for path, count in lines.items() if room(path) in CORE)
    assert len(entries) <= 22, sorted(entries)
    assert core <= 4_000
    assert sum(lines.values()) <= 15_000


def test_no_two_modules_import_each_other():
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
    graph = {}
    for name, path in names.items():
        wanted = {re.sub(r"\.__init__$", "", other): other for other in names}
        found = set()
        for imported in imported_names(parse(path), path):
            target = wanted.get(imported) or wanted.get(imported.rpartition(".")[0])
            if target and target != "bertsim.__init__":
                found.add(target)
        graph[name] = found - {name}
    while graph:
        leaves = {name for name, imports in graph.items() if not imports & graph.keys()}
        assert leaves, f"these import each other in a circle: {sorted(graph)}"
        graph = {name: imports for name, imports in graph.items() if name not in leaves}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_command_line_prints(path):
    calls = [node for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]
    prints = [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert room(path) == "cli" or not prints, f"{path.name} prints in line {prints}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_a_docstring_a_size_and_no_loose_ends(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(parse(path)), f"{path.name} has no module docstring"
    assert text.count("\n") <= 350, f"{path.name} has {text.count(chr(10))} lines; about 250 is the aim"
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    assert path.stem not in ("utils", "helpers", "common")


AS_MAIN = """
import atexit, runpy, sys
atexit.register(lambda: print("MODULES", *sys.modules))
runpy.run_module("bertsim", run_name="__main__")
"""


def test_importing_bertsim_is_cheap():
    loaded = run("import bertsim, sys; print(*sys.modules)").split()
    assert not {"ai_edge_litert", *HEAVY} & set(loaded)


def test_help_imports_nothing_heavy():
    printed, _, loaded = run(AS_MAIN, "--help").partition("MODULES")
    assert "score" in printed
    assert not set(HEAVY) & set(loaded.split())


def test_a_litert_score_imports_neither_tensorflow_nor_transformers_nor_gradio():
    code = (
        "import bertsim, sys; m = bertsim.load(); m.score([('A dog runs.', 'A cat sleeps.')]); "
        "assert m.engine == 'litert'; print(*sys.modules)"
    )
    assert not {"tensorflow", "keras", "transformers", "gradio", "torch"} & set(run(code).split())


def pins(path: Path) -> dict[str, str]:
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return dict(line.split("==", 1) for line in lines if line)


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_requirements_are_pinned_exactly_and_installed(name):
    for package, version in pins(ROOT / name).items():
        assert re.fullmatch(r"\d+(\.\d+)+", version), f"{package}=={version} is no exact pin"
        assert importlib.metadata.version(package) == version


def test_every_library_that_bertsim_imports_is_in_requirements():
    distributions = importlib.metadata.packages_distributions()
    pinned = {re.sub(r"[-_.]+", "-", name).lower() for name in pins(ROOT / "requirements.txt")}
    imported = {name.split(".")[0] for path in MODULES for name in imported_names(parse(path), path)}
    for name in imported - sys.stdlib_module_names - {"bertsim"}:
        owners = {re.sub(r"[-_.]+", "-", owner).lower() for owner in distributions.get(name, [])}
        assert owners & pinned, f"bertsim imports {name}, which requirements.txt does not pin"


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "bertsim.version.__version__"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", bertsim.__version__)
    assert f"[{bertsim.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    printed, _, _ = run(AS_MAIN, "--version").partition("MODULES")
    assert printed.split()[-1] == bertsim.__version__


def test_the_public_names_are_documented_and_there():
    for name in bertsim.__all__:
        assert hasattr(bertsim, name)
    assert all(getattr(bertsim, name).__doc__ for name in bertsim.__all__ if callable(getattr(bertsim, name)))


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443), ("2001:db8::1", 80)])
def test_a_connection_beyond_this_machine_is_refused(address):
    with pytest.raises(guard.NetworkRefused, match="tests stay on this machine"):
        socket.create_connection(address, timeout=1)
    assert guard.refused == [address[0]]
    guard.refused.clear()  # or this very test would fail for it


def test_loopback_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    assert not guard.refused


def test_no_module_but_the_one_that_loads_it_knows_the_bundled_encoder_s_name():
    naming = [path.name for path in MODULES if BUNDLED_NAME in path.read_text(encoding="utf-8")]
    assert naming == ["loading.py"]


def test_the_wheel_has_every_package_and_the_weights():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = project["tool"]["setuptools"]["packages"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "bertsim").rglob("__init__.py")
    }
    assert set(declared) == found | {"bertsim.weights"}
    assert all((ROOT / name).is_file() for name in project["project"]["license-files"])
