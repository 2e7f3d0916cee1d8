"""Retired learners taken out of the files that were sorted from packages."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson

from edxtasks.dumps.package import is_edge
from edxtasks.dumps.reader import DeliveredTable
from edxtasks.dumps.row_files import csv_file
from edxtasks.dumps.sorting_record import KNOWN_VERSIONS, RECORDS, SortingRecord, size_of
from edxtasks.files import replacing
from edxtasks.messages import Messages
from edxtasks.retired import Retired, of_document, record_cleaner


def retire_sorted(base: Path, retired: Retired) -> tuple[list[Path], int, int]:
    """Take retired learners out of the files below `base` that were sorted; the records of what they were
    sorted from hold. Gives the files that changed, and how many records went and mentions were blanked.

    Raises `InputError` for a file that cannot be read.
    """
    changed: list[Path] = []
    gone = mentions = 0
    for path in sorted((base / RECORDS).rglob("*.json")):
        form = SortingRecord.form_of(path, KNOWN_VERSIONS)
        targets = form.get("targets")
        before = len(changed)
        for key, known in targets.items() if isinstance(targets, dict) else ():
            file = base / key
            if not isinstance(known, dict) or not file.is_file():
                continue
            cleaned = _retire_from(file, retired.of_site(is_edge(file, base)))
            if cleaned != (0, 0):
                gone, mentions = gone + cleaned[0], mentions + cleaned[1]
                changed.append(file)
                known["size"] = size_of(file)
        if len(changed) > before:
            with replacing(path) as sink:
                sink.write(orjson.dumps(form, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return changed, gone, mentions


def _retire_from(file: Path, retired: Retired) -> tuple[int, int]:
    """How many records went from a sorted file, and how many mentions were blanked; it stays where none."""
    gone = mentions = 0
    if file.name == "forum.mongo.gz":
        with gzip.open(file) as lines:
            if not any(of_document(line, retired)[0] is not line for line in lines):
                return 0, 0
        with gzip.open(file) as lines, replacing(file) as sink:
            for line in lines:
                kept_line, blanked = of_document(line, retired)
                gone, mentions = gone + (kept_line is None), mentions + blanked
                if kept_line is not None:
                    sink.write(kept_line)
        return gone, mentions
    if not file.name.endswith(".csv.gz"):
        return 0, 0
    content = file.name.removesuffix(".csv.gz")

    def table() -> DeliveredTable:
        breaks = content == "studentmodule"
        return DeliveredTable(file, Messages(), escaped_breaks=breaks, max_bad_fraction=1)

    clean = record_cleaner(content, table().header, retired)
    found = (clean(record) for record in table().whole_records())
    if not any(kept is None or blanked for kept, blanked in found):
        return 0, 0
    read = table()
    with csv_file(file, read.header) as writer:
        for record in read.whole_records():
            kept, blanked = clean(record)
            gone, mentions = gone + (kept is None), mentions + blanked
            if kept is not None:
                writer.text_record(kept)
    return gone, mentions
