"""The screen that the README shows: commands as they are typed on the demo campus, and what they print.

    python tests/graph/readme_screen.py (or `make screenshots`) writes it into the README

A test compares: what commands print changes together with the README.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from project import REPOSITORY, Project, messages_of

from edxtasks.simulate import simulate

README = REPOSITORY / "README.md"
COURSE = "MITx/2.03x/3T2013"
COMMANDS = (
    ("forget", f"pc_day_totals:{COURSE}"),
    ("plan", f"person_course:{COURSE}"),
    ("list", "-s", "person_course", "pc_forum", "pc_day_totals", "problem_events"),
    ("health", COURSE),
)
_BLOCK = re.compile(r"(?<=```text\n)\$ doit forget .*?(?=```)", re.DOTALL)


def demo(folder: Path) -> Project:
    """The demo, simulated and built as the README's first command does."""
    (folder / "config").mkdir(parents=True)
    for name in ("dodo.py", "config/edxtasks.toml"):
        (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    simulate(folder / "demo", "demo")
    project = Project(folder)
    project.doit("weekly")
    return project


def screen(project: Project) -> str:
    """Commands and what they print, standard output before messages; times are always the same."""
    lines = []
    for words in COMMANDS:
        ended = project.doit(*words, status=None)
        lines += [f"$ doit {' '.join(words)}", *ended.out.splitlines(), *messages_of(ended.err)]
    return "".join(f"{re.sub(r', [0-9.]+ s$', ', 0.5 s', line).rstrip()}\n" for line in lines)


def shown() -> str:
    """The screen that the README shows now."""
    found = _BLOCK.search(README.read_text())
    assert found is not None
    return found[0]


def main() -> None:
    """Write the screen into the README."""
    with tempfile.TemporaryDirectory() as folder:
        made = screen(demo(Path(folder) / "clone"))
    README.write_text(README.read_text().replace(shown(), made))


if __name__ == "__main__":
    main()
