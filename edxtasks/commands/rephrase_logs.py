"""`doit rephrase_logs [FILE…]`: lines of tracking logs to rows, as `split` makes them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from edxtasks.commands.ending import FAILED
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.errors import UserError, from_machine
from edxtasks.logs.options import rephrase_rules
from edxtasks.logs.rephrase_files import lines_of, rephrase_file
from edxtasks.logs.rows.line import Reject
from edxtasks.logs.rows.rephrase import StreamCounts, rephrase_stream
from edxtasks.printable import quantity, say


class RephraseLogs(DataCommand):
    """Rephrase the standard input to the standard output, or files in place."""

    name = "rephrase_logs"
    doc_purpose = "convert tracking-log lines to rows"
    doc_usage = "[FILE ...]"
    doc_description = (
        "Without a file: from the standard input to the standard output, line by line. With files: each is "
        "replaced by its rows, and the original stays beside it as old-NAME. A line that makes no row is "
        "told on the standard error, with its number and why, and never ends the work. A file whose name "
        "holds an equals sign is named by --file=NAME."
    )
    takes_words = None
    heeds = ("json_text_form",)
    joins = "file"
    cmd_options = (
        {"name": "file", "long": "file", "type": list, "default": [], "help": "a file, however it is named"},
    )

    def perform(self, request: Request) -> int:
        """Rephrase; the status tells whether every file could be read."""
        rules = rephrase_rules(request.settings)
        files = [*request.words, *request.options["file"]]
        if not files:
            output = sys.stdout.buffer
            counts = rephrase_stream(lines_of(sys.stdin.buffer), rules, output.write, _telling(""))
            output.flush()
            say(_told(counts))
            return 0
        status = 0
        for name in files:
            try:
                done = rephrase_file(Path(name), rules, _telling(f"{name} "))
            except (UserError, OSError) as error:
                say(f"ERROR: {from_machine(error) or error}")
                status = FAILED
                continue
            kept = (
                "it held rows already" if done.original is None else f"original kept as {done.original.name}"
            )
            say(f"{name}: {_told(done.counts)}; {kept}")
        return status


def _telling(where: str) -> Callable[[int, Reject, bytes], None]:
    def tell(number: int, reject: Reject, line: bytes) -> None:
        # Never the line itself, nor the text of an exception, which may hold part of it.
        place = reject.detail.partition(": ")[0]
        say(f"{where}line {number}: {reject.reason}" + (f" ({place})" if place else ""))

    return tell


def _told(counts: StreamCounts) -> str:
    text = (
        f"{quantity(counts.lines, 'line')}, {quantity(counts.rows, 'row')}, "
        f"{quantity(counts.rejects.total(), 'reject')}"
    )
    return text + (f", {counts.blank} blank" if counts.blank else "")
