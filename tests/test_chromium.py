"""How a missing browser is dealt with: looked for in order, skipped in peace, a failure in continuous integration."""

from __future__ import annotations

import pytest

from tests import chromium


@pytest.fixture(autouse=True)
def _forget():
    chromium.find_chromium.cache_clear()
    yield
    chromium.find_chromium.cache_clear()


@pytest.fixture
def bare_machine(monkeypatch):
    """No browser on PATH, none of Playwright's, and nothing that could fetch one."""
    monkeypatch.setattr(chromium, "NAMES", ("no-such-browser",))
    monkeypatch.setattr(chromium, "_playwrights_own", lambda: None)
    monkeypatch.setattr(chromium, "_apt_get", lambda: None)
    monkeypatch.setattr(chromium, "_playwright_install", lambda: None)


def fake_browser(folder, status):
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


def test_a_browser_on_path_is_used(tmp_path, monkeypatch):
    path = fake_browser(tmp_path, 0)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert chromium.find_chromium() == path


def test_a_stub_that_does_not_start_is_passed_over(tmp_path, monkeypatch, bare_machine):
    path = fake_browser(tmp_path, 1)
    monkeypatch.setattr(chromium, "NAMES", (path,))
    assert chromium.find_chromium() is None


@pytest.mark.parametrize(("ci", "status", "said"), [("", 0, "are skipped"), ("true", 1, "CI=true, so this fails")])
def test_without_a_browser_tests_are_skipped_but_not_in_ci(ci, status, said, monkeypatch, capsys, bare_machine):
    monkeypatch.setenv("CI", ci)
    assert chromium.main() == status
    assert said in capsys.readouterr().err


def test_what_was_fetched_is_used(monkeypatch, bare_machine, tmp_path):
    path = fake_browser(tmp_path, 0)
    monkeypatch.setattr(chromium, "_apt_get", lambda: monkeypatch.setattr(chromium, "NAMES", (path,)))
    assert chromium.fetch_chromium() == path
