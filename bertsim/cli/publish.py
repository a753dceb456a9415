"""`bertsim publish`: a trained folder -> a model repository on the Hub."""

from __future__ import annotations

import argparse
from pathlib import Path

from bertsim.cli.output import native_log_held_back, say

HELP = "send a trained folder to the Hugging Face Hub"
DESCRIPTION = """\
Check a folder in the layout of weights/, and send it in one commit, with model card, checksums and a tag:
  python -m bertsim publish user/my-bert --folder trained
It is written to with the token in HF_TOKEN. --dry-run checks the folder and prints what would be sent."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("repository", metavar="USER/NAME", help="made where it is not there")
    add("--folder", type=Path, metavar="DIR", help="what `train` or `export` made (default: the bundled one)")
    add("--private", action="store_true", help="make the repository for yourself alone")
    add("--tag", metavar="NAME", help="of the commit (default: v and the version of bertsim)")
    add("--license", metavar="ID", help="such as apache-2.0 (default: what the folder's README.md says)")
    add("--dry-run", action="store_true", help="print what would be sent, and send nothing")


def run(args: argparse.Namespace) -> int:
    """Check, send, and print where it is."""
    from bertsim.model.loading import BUNDLED
    from bertsim.publishing.publish import pack, publish
    from bertsim.publishing.upload import check_name, size_of

    if not args.dry_run:
        check_name(args.repository)
    with native_log_held_back():
        parcel = pack(args.repository, args.folder or BUNDLED, tag=args.tag, licence=args.license)
    for name in parcel.left_out:
        say(f"bertsim: {name} is left out: it is none of the files that are fetched.")
    sizes = {name: size_of(content) for name, content in sorted(parcel.files.items())}
    total = sum(sizes.values())
    if args.dry_run:
        for name, size in sizes.items():
            print(f"{size:>12,}  {name}")
        print(f"{total:>12,}  bytes in {len(sizes)} files would go to {parcel.repository}, tag {parcel.tag}.")
        return 0
    say(f"bertsim: sending {len(sizes)} files, {total / 1e6:,.1f} MB, to {parcel.repository}.")
    url, commit = publish(parcel, private=args.private)
    print("\n".join([f"{url} at {commit}, tag {parcel.tag}", *parcel.settings]))
    return 0
