"""What the command line says, and with which status, where the system refuses a file or a stream."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from bertsim.cli.output import LiveLine, Stopped, native_log_held_back, note_stop, stop_told

ROOT = Path(__file__).parent.parent
SCORE = f"{sys.executable} -m bertsim score 'A dog runs.' 'A cat sleeps.'"


def shell(words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The real program, with the streams that a shell gives it."""
    return subprocess.run(
        ["sh", "-c", words], cwd=ROOT, env=os.environ | more, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_stdout_is_one_sentence(unbuffered: str):
    done = shell(f"{SCORE} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 2
    assert done.stderr == "bertsim: cannot read or write: No space left on device; mend that, and start again.\n"


@pytest.mark.parametrize(("closed", "heard"), [(">&-", "stderr"), ("2>&-", "stdout")])
def test_a_closed_stream_is_one_sentence_on_the_other(closed: str, heard: str):
    done = shell(f"{SCORE} {closed}")
    assert done.returncode == 2
    said = "bertsim: stdout or stderr is closed; send what is not wanted to /dev/null instead.\n"
    assert getattr(done, heard) == said


def test_a_closed_standard_input_is_one_sentence():
    done = shell(f"{sys.executable} -m bertsim score --input - --output - <&-")
    assert done.returncode == 2
    assert done.stderr == "bertsim: standard input, -, is closed; give the path of a file.\n"


def test_a_signal_whose_exception_was_lost_still_stops_what_runs():
    note_stop(Stopped(terminated=False))  # as where it was raised in a callback of the garbage collector
    try:
        with pytest.raises(Stopped):
            LiveLine().show(1, 2, "epoch 1")
        with pytest.raises(Stopped):
            LiveLine().part("pairs", 0, 2, 2)(1, 2)
        with pytest.raises(Stopped):
            LiveLine().share("Loading", 0.5)
    finally:
        note_stop(None)


def test_a_signal_that_became_another_error_in_a_library_is_still_one(capfd: pytest.CaptureFixture[str]):
    @native_log_held_back()
    def fail(told: str = "") -> None:
        os.write(2, b"from TensorFlow")
        with stop_told(told) if told else nullcontext():
            raise AttributeError

    note_stop(stop := Stopped(terminated=True))
    try:
        for told in ("", "stopped; half is kept."):
            with pytest.raises(Stopped):
                fail(told)
            assert stop.told == told
    finally:
        note_stop(None)
    assert capfd.readouterr().err == ""
