"""Shards of a log full of unusual lines: what its lines make alone, with any number of workers."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from split_site import Site
from unusual_lines import KINDS, chosen_lines

from edxtasks.logs.layout import UNKNOWN
from edxtasks.logs.rows.rephrase import Reject, Rephraser, RephraseRules

LINES = chosen_lines(len(KINDS) * 14, 7)


@pytest.mark.parametrize("form", ["compact", "predecessor"])
def test_unusual_lines_with_any_number_of_workers(tmp_path: Path, form: str) -> None:
    rules = RephraseRules(json_text_form=form)
    rows: dict[tuple[str, str], list[bytes]] = {}
    rejects: list[tuple[int, str]] = []
    for number, text in enumerate(LINES, 1):
        row = Rephraser(rules).line(text)
        if isinstance(row, Reject):
            rejects.append((number, row.reason))
        elif row is not None:
            bucket = row[0].replace("/", "__") if row[0] else UNKNOWN
            day = row[2].removeprefix(b'{"time":"')[:10].decode()
            rows.setdefault((bucket, day), []).append(row[2] + b"\n")
    assert len(rows) > 8
    expected = {f"{bucket}/tracklog-{day}.json.gz": b"".join(texts) for (bucket, day), texts in rows.items()}

    logs = Site(tmp_path / "logs")
    path = logs.log("events.log", b"\n".join(LINES) + b"\n")
    noticed = []
    for workers, block_size in ((1, 4_000_000), (1, 5_000), (2, 20_000), (4, 9_000)):
        site = Site(tmp_path / f"{workers}-{block_size}")
        options = {"workers": workers, "block_size": block_size, "shared_above": 1, "rules": rules}
        result = site.split(path, max_reject_fraction=1.0, **options)
        assert result.ok
        shards = {name: gzip.decompress(content) for name, content in site.shards().items()}
        assert shards == expected, (workers, block_size)
        assert site.rejects("events.log") == rejects
        checkpoint = site.checkpoint("events.log")
        noticed.append([checkpoint[name] for name in ("unknown_keys", "wrong_types", "bad_utf8", "lines")])
        site.check()
    assert noticed == noticed[:1] * 4
    assert Counter(reason for _, reason in rejects).keys() == {"bad_json", "bad_time", "not_object"}
