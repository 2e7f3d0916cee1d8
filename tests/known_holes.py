"""Known holes of what edxtasks needs, as `pip-audit` tells them: `python tests/known_holes.py ENVIRONMENT`.

A step of `.ci/run`. The advisories come over the network. Where it, or `pip-audit`, is not there, the step
says that nothing was looked at, and passes: the rest can be checked offline. `pip-audit` itself reports
success also when it knew none of the distributions; so what it looked at is counted here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 300
"""Seconds that all advisories may take."""


@dataclass(frozen=True)
class Holes:
    """What an audit found: a line for each hole, how many distributions it knew, and how many it did not."""

    lines: tuple[str, ...]
    known: int
    unknown: int


def holes_of(report: dict[str, Any]) -> Holes:
    """The report that `pip-audit --format json` writes, read. A distribution that it skipped is unknown."""
    packages = report["dependencies"]
    audited = [package for package in packages if "skip_reason" not in package]
    lines = tuple(
        f"{package['name']} {package['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version yet'}"
        for package in audited
        for hole in package["vulns"]
    )
    return Holes(lines, len(audited), len(packages) - len(audited))


def told(holes: Holes) -> tuple[str, int]:
    """The message for people, and the exit code: 1 for a hole, else 0."""
    if holes.lines:
        return "\n".join(["known holes in what edxtasks needs:", *holes.lines]), 1
    if holes.known == 0:
        return "known holes: not looked at, the advisories know nothing of what is installed", 0
    beside = f"; of {holes.unknown} nobody knows" if holes.unknown else ""
    return f"known holes: none in {holes.known} distributions{beside}", 0


def audit(environment: Path) -> Holes | None:
    """Look for holes of what is installed in a virtual environment; None when it cannot be asked."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "report.json")
        packages = sorted(environment.glob("lib/python3*/site-packages"))
        command = [
            "pip_audit",
            "--format=json",
            f"--output={output}",
            "--progress-spinner=off",
            "--timeout=10",
        ]
        paths = [word for path in packages for word in ("--path", str(path))]
        try:
            subprocess.run(
                [sys.executable, "-m", *command, *paths], capture_output=True, timeout=PATIENCE, check=False
            )
            return holes_of(json.loads(output.read_text()))
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None


def main(words: list[str]) -> int:
    """Print what the audit found; the exit code."""
    if len(words) != 1 or not Path(words[0], "pyvenv.cfg").is_file():
        print("call me with the folder of a virtual environment", file=sys.stderr)
        return 2
    found = audit(Path(words[0]))
    if found is None:
        print("known holes: not looked at, pip-audit or the network is not there", file=sys.stderr)
        return 0
    message, code = told(found)
    print(message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
