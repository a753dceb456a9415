"""`bertsim make`: the steps of a recipe, one after another, those that are done left out; the last becomes OUTPUT."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Set
from pathlib import Path

from bertsim.cli.output import Stopped, say
from bertsim.errors import InputError
from bertsim.manifest import NAME as MANIFEST
from bertsim.manifest import read_manifest, write_manifest
from bertsim.steps import (
    PRINTED,
    PRINTING,
    Places,
    Step,
    beside,
    can_resume,
    check_own,
    hours_of,
    is_done,
    read_steps,
    record_done,
    record_start,
    words_of,
)

HELP = "do the steps of a recipe, all of weights/ say"
DESCRIPTION = """\
Do every [[step]] of a recipe that is not done yet, and put the last one's folder into OUTPUT:
  python -m bertsim make --recipe weights/recipe.toml --data-root data --work work --output weights
A step whose words, files and output are what they were is left out; one that was stopped goes on where it can."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--recipe", type=Path, metavar="FILE", required=True, help="a TOML file")
    add("--data-root", type=Path, metavar="DIR", required=True, help="where its data: paths start")
    add("--work", type=Path, metavar="DIR", required=True, help="where every step keeps its output")
    add("--output", type=Path, metavar="DIR", help="what the last step made is put there")
    add("--until", metavar="STEP", help="stop behind this step; nothing is put into OUTPUT")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what is to be done."""
    steps = read_steps(args.recipe)
    names = [step.name for step in steps]
    if args.until is not None and args.until not in names:
        raise InputError(f"--until is {args.until!r}; the steps are {', '.join(names)}.")
    if not args.data_root.is_dir():
        raise InputError(f"--data-root {args.data_root} is no folder; the data were expected there.")
    for option, folder in (("--work", args.work), ("--output", args.output)):
        if folder is not None and folder.exists() and not folder.is_dir():
            raise InputError(f"{option} {folder} is a file; a folder was expected.")
    places = Places(args.recipe, args.data_root.absolute(), args.work.absolute())
    for step in steps:
        check_own(step, places)
    if args.output is not None:
        read_manifest(args.output)  # refused now rather than behind the last step
    for number, step in enumerate(steps, 1):
        title = f"step {number} of {len(steps)}, {step.name}"
        if is_done(step, places):
            say(f"bertsim: {title}: done before")
        else:
            say(f"bertsim: {title}: {step.command}")
            do(step, places, hours_of(places, steps[: number - 1]))
        if step.name == args.until:
            return 0
    if args.output is not None:
        put(places.output(steps[-1]), args.output, {args.recipe.name, *beside(steps)})
        say(f"bertsim: {args.output}: made.")
    return 0


def do(step: Step, places: Places, hours: float) -> None:
    """Run one step in a process of its own, and record it. Raises InputError where it fails.

    Args:
        step: to run.
        places: where paths begin.
        hours: that the steps before it took.
    """
    output, words, start = places.output(step), words_of(step, places, hours), time.monotonic()
    if can_resume(step, places):
        words.append("--resume")
    elif output.exists():
        shutil.rmtree(output)
    record_start(step, places)
    prints = step.command in PRINTING
    done = subprocess.Popen(
        [sys.executable, "-m", "bertsim", *words],
        env={**os.environ, **step.env},
        stdout=subprocess.PIPE if prints else None,
        text=True,
    )
    try:
        printed, _ = done.communicate()
    except Stopped as stop:
        done.terminate()
        done.wait()
        stop.told = f"stopped in step {step.name}; the same words go on from there."
        raise
    if done.returncode:
        raise InputError(
            f"step {step.name} ended with status {done.returncode}, for the reason above; what is done is kept."
        )
    if prints:
        output.mkdir()
        (output / PRINTED).write_text(printed, encoding="utf-8")
    record_done(step, places, time.monotonic() - start)


def put(made: Path, output: Path, kept: Set[str]) -> None:
    """Make `output` the same as `made`.

    Args:
        made: what a step left.
        output: a folder. What its manifest names and was not made goes away; what it does not name stays.
        kept: names of files that stay all the same: the recipe, and what it reads beside itself.
    """
    output.mkdir(parents=True, exist_ok=True)
    old = read_manifest(output)
    (output / MANIFEST).unlink(missing_ok=True)
    files = {path.relative_to(made).as_posix(): path for path in made.rglob("*") if path.is_file()}
    there = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    for name in (there & old.keys()) - files.keys() - kept:
        remove(output, name)
    for name, path in files.items():
        if name != MANIFEST:
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, output / name)
    write_manifest(output)


def remove(folder: Path, name: str) -> None:
    """Remove a file of a folder, and the folders in it that this leaves empty."""
    (folder / name).unlink()
    for inner in Path(name).parents[:-1]:
        if not any((folder / inner).iterdir()):
            (folder / inner).rmdir()
