"""The program `edxtasks`: doit with the graph of edxtasks, in any folder with a configuration.

`edxtasks weekly` is `doit weekly`, but needs no dodo.py. Where there is one (or one is named with `-f`), it
is read, as doit does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doit.cmd_base import DodoTaskLoader
from doit.doit_cmd import DoitMain, get_var
from doit.exceptions import InvalidDodoFile

from edxtasks import __version__
from edxtasks.config import DEFAULT_FILE

_DODO = "dodo.py"


class FolderLoader(DodoTaskLoader):  # type: ignore[misc]
    """The tasks of the current folder: of its dodo.py, else of its configuration."""

    def setup(self, opt_values: Mapping[str, Any]) -> None:
        """Read the namespace of the tasks. Raises doit's `InvalidDodoFile` where there is no project."""
        named = opt_values["dodoFile"] != _DODO or opt_values["cwdPath"] or opt_values["seek_file"]
        if named or Path(_DODO).is_file():
            super().setup(opt_values)
            return
        if not (DEFAULT_FILE.exists() or os.environ.get("EDXTASKS_CONFIG") or get_var("config")):
            raise InvalidDodoFile(
                f"there is no project in {Path.cwd()}: expected {DEFAULT_FILE}, config=FILE or "
                "EDXTASKS_CONFIG in the environment. A new project: edxtasks init DIR"
            )
        from edxtasks.graph import load

        self.namespace = load(Path.cwd())


class Program(DoitMain):  # type: ignore[misc]
    """doit under our name."""

    BIN_NAME = "edxtasks"

    def run(self, all_args: list[str]) -> int:
        """Run a line; gives the exit status. `-h` and `--help` alone name all commands."""
        if "" in all_args:
            from edxtasks.commands.ending import WRONG_COMMAND_LINE

            print("ERROR: a word of the command line is empty: is a variable not set?", file=sys.stderr)
            return WRONG_COMMAND_LINE
        status: int = super().run(["help"] if all_args[:1] in (["-h"], ["--help"]) else all_args)
        return status

    @staticmethod
    def print_version() -> None:
        """Print the version of edxtasks."""
        print(f"edxtasks {__version__}")


def main() -> int:
    """Run the line that was typed; gives the exit status."""
    status: int = Program(FolderLoader()).run(sys.argv[1:])
    return status
