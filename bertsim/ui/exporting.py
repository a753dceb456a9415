"""What a model has no flatbuffer of -> the user's cache: `python -m bertsim.ui.exporting SOURCE HEADS REVISION`.

For the page, which goes on with the TensorFlow engine meanwhile; HEADS and REVISION as Python writes what `load` takes.
"""

from __future__ import annotations

import ast
import os
import sys

from bertsim.errors import BertsimError
from bertsim.model.loading import load

if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(5)
    source, heads, revision = sys.argv[1], *map(ast.literal_eval, sys.argv[2:])
    try:
        load(source, heads=heads, revision=revision)
    except BertsimError as error:
        sys.exit(str(error))
