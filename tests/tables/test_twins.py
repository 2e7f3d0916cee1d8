"""Models that say the same of other columns: SQL has no functions, so what they share stands in both."""

from __future__ import annotations

import re
from pathlib import Path

TABLES = Path(__file__).parents[2] / "edxtasks" / "tables"


def query(path: str) -> str:
    """The query of a model, without its header."""
    return re.sub(r"\A(--.*\n)+", "", (TABLES / path).read_text())


def test_the_name_in_the_id_of_a_video_is_found_by_the_same_expression() -> None:
    expression = re.compile(r"CASE\s+WHEN STRPOS\(written_id.*?END AS name", re.DOTALL)
    progress, durations = (
        expression.findall(query(f"video/{name}.sql")) for name in ("video_stats_day", "video_durations_day")
    )
    assert len(progress) == 1
    assert progress == durations
