"""The two tables of video events read ids alike: SQL has no functions, so the expression stands in both."""

from __future__ import annotations

import re
from pathlib import Path

TABLES = Path(__file__).parents[2] / "edxtasks" / "tables" / "video"


def test_the_name_in_an_id_is_found_by_the_same_expression() -> None:
    found = [
        re.findall(r"CASE\s+WHEN STRPOS\(written_id.*?END AS name", path.read_text(), re.DOTALL)
        for path in (TABLES / "video_stats_day.sql", TABLES / "video_durations_day.sql")
    ]
    assert len(found[0]) == 1
    assert found[0] == found[1]
