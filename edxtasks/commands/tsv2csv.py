"""`doit tsv2csv < IN > OUT`: a table of edX's export as CSV."""

from __future__ import annotations

import sys

from edxtasks.commands.plain import DataCommand, Request
from edxtasks.dumps.tsv2csv import tsv2csv


class Tsv2Csv(DataCommand):
    """Tab-separated records to CSV, values untouched."""

    name = "tsv2csv"
    doc_purpose = "convert an edX export table to CSV"
    doc_usage = "< IN.sql > OUT.csv"
    doc_description = "From the standard input to the standard output. No escape in a value is undone."

    def perform(self, request: Request) -> int:
        """Convert the standard input."""
        tsv2csv(sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return 0
