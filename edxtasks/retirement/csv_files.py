"""CSV files that were published, without the records of retired learners."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path

from edxtasks.csv_text import CsvWriter
from edxtasks.files import replacing
from edxtasks.retired import Retired, record_cleaner


def is_csv(name: str) -> bool:
    """Whether a file is CSV, plain or gzip, by its name."""
    return name.removesuffix(".gz").endswith(".csv")


def csv_content(name: str) -> str:
    """What a CSV file holds, by its name."""
    return name.removesuffix(".gz").removesuffix(".csv")


def clean_csv(path: Path, retired: Retired) -> None:
    """Take records and mentions out of a CSV file that was published."""
    csv.field_size_limit(sys.maxsize)
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    records = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    header = next(records, [])
    clean = record_cleaner(csv_content(path.name), header, retired)
    with replacing(path) as sink:
        writer = CsvWriter(sink)
        writer.text_record(header)
        for record in records:
            kept, _ = clean(record)
            if kept is not None:
                writer.text_record(kept)
        writer.flush()
