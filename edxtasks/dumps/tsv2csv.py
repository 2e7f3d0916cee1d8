"""The filter `tsv2csv`: converts an edX export table to CSV, values untouched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from edxtasks.csv_text import CsvWriter
from edxtasks.dumps.file_pieces import PIECE
from edxtasks.dumps.text_records import tsv_records


def tsv2csv(source: BinaryIO, target: BinaryIO) -> int:
    """Write the records of `source` to `target` as CSV and give their number.

    Records end at LF, the last one may lack it; fields end at TAB. No escape is undone and every byte of a
    value stays. Where the first record ends in CR, one CR at the end of each is taken for part of its end.
    Memory stays small whatever the size.
    """
    writer = CsvWriter(target, encoding="latin-1")
    number = 0
    for fields in tsv_records(_blocks(source)):
        writer.text_record(fields)
        number += 1
    writer.flush()
    return number


def _blocks(source: BinaryIO) -> Iterator[str]:
    """Blocks of whole lines; Latin-1 gives each byte a character of its own, and back."""
    pending: list[bytes] = []
    while piece := source.read(PIECE):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield b"".join([*pending, piece[:cut]]).decode("latin-1")
            pending = [piece[cut:]]
        else:
            pending.append(piece)
    if any(pending):
        yield b"".join(pending).decode("latin-1")
