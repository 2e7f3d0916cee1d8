"""The inputs that are kept: a text file for each target, an input a line, as Python writes bytes.

Lines that begin with `#` say what the inputs below them once did. All inputs are made up.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")
LONGEST = 4096
"""Most bytes of an input that is kept; longer ones are built (`fuzz_hurting.py`)."""


def kept(target: str) -> list[bytes]:
    """The inputs that are kept for a target, in order."""
    path = FOLDER / f"{target}.txt"
    if not path.exists():
        return []
    lines = path.read_text(encoding="ascii").splitlines()
    return [ast.literal_eval(line) for line in lines if line and not line.startswith("#")]


def keep(target: str, inputs: Iterable[bytes], why: str) -> int:
    """Add inputs, those that are new, below a line that says why; gives how many were added."""
    known = set(kept(target))
    new = [data for data in dict.fromkeys(inputs) if data not in known and len(data) <= LONGEST]
    if new:
        with (FOLDER / f"{target}.txt").open("a", encoding="ascii") as file:
            file.write(f"# {why}\n" + "".join(f"{data!r}\n" for data in new))
    return len(new)
