"""What pages ask of the tables is parsed once for a project, not at each start of a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ASKED = """
import sys
from pathlib import Path
from edxtasks.caches import keep_in
from edxtasks.pages.queries import tables_read

keep_in(Path(sys.argv[1]))
print(*tables_read())
print("sqlglot" in sys.modules)
"""


def asked(state: Path) -> list[str]:
    command = [sys.executable, "-c", ASKED, str(state)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_queries_are_parsed_once(tmp_path: Path) -> None:
    tables, parsed = asked(tmp_path)
    assert "person_course_day" in tables.split()
    assert parsed == "True"
    assert asked(tmp_path) == [tables, "False"]
    (tmp_path / "page_queries.json").write_bytes(b"damaged")
    assert asked(tmp_path) == [tables, "True"]
