"""`doit graph [TABLE…]`: what is made from what."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from edxtasks.build.registry import read_registry
from edxtasks.commands.ending import FAILED
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, nearest
from edxtasks.graph.edges import Edge, edges, upstream_of, write_csv, write_dot, write_mermaid
from edxtasks.printable import printable_message, say

FORMATS: Mapping[str, Callable[[list[Edge], TextIO], None]] = {
    "csv": write_csv,
    "dot": write_dot,
    "mermaid": write_mermaid,
}


class Graph(DataCommand):
    """Print the graph of all tables and files."""

    name = "graph"
    only_looks = True
    doc_purpose = "print what is made from what, as CSV, DOT or Mermaid"
    doc_usage = "[TABLE ...]"
    doc_description = (
        "Without a word: all tables and files. With some: these, and what they are made from. The CSV has a "
        "line for each output and input: output,input,need,task,scope."
    )
    takes_words = None
    cmd_options = (
        {
            "name": "format",
            "long": "format",
            "type": str,
            "default": "csv",
            "help": f"one of {', '.join(FORMATS)}",
        },
    )

    def perform(self, request: Request) -> int:
        """Status 1 where a model is wrong, whose inputs nobody knows."""
        form = request.options["format"]
        if form not in FORMATS:
            raise SettingsError(f"--format={shorten(form)}: expected one of {', '.join(FORMATS)}")
        registry = read_registry(request.settings.engine.state)
        found = edges(registry)
        outputs = {edge.output for edge in found}
        for word in request.words:
            if word not in outputs:
                raise SettingsError(
                    f'"{shorten(word)}" is not a table or file that is made{nearest(word, outputs)}'
                )
        FORMATS[form](upstream_of(found, request.words) if request.words else found, sys.stdout)
        wrong = [table for table in registry.values() if table.fault]
        for table in wrong:
            say(printable_message(f"{table.task}: its inputs are not known: {table.fault}"))
        return FAILED if wrong else 0
