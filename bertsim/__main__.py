"""`python -m bertsim`: see `bertsim.cli`."""

import sys

from bertsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
