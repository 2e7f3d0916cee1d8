"""`python -m edxtasks`: the program `edxtasks`."""

from __future__ import annotations

import sys

from edxtasks.program import main

if __name__ == "__main__":
    sys.exit(main())
