"""Programs for scripts, to fetch and load tables and to store files: `python -m edxtasks.external NAME …`.

    get_data PROJECT DATASET.TABLE DIRECTORY CSV
    upload_data PROJECT CSV DATASET.TABLE SCHEMA DIRECTORY DESCRIPTION
    upload_file PROJECT FILE PLACE

CSV and SCHEMA (a JSON list of columns) are files of DIRECTORY; PLACE is `gs://BUCKET/NAME` or a name in the
storage. Exit status 0, 1 for what failed, 2 for a wrong line. They read the configuration of the run that
they belong to, and no profile of a shell.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edxtasks.config import Settings, load_settings
from edxtasks.errors import UserError, from_machine
from edxtasks.external import bridges
from edxtasks.external.running import FOLDER, ROOT
from edxtasks.printable import quantity, say

PROGRAMS: Mapping[str, tuple[Callable[..., str], str]] = {
    "get_data": (bridges.get_data, "PROJECT DATASET.TABLE DIRECTORY CSV"),
    "upload_data": (bridges.upload_data, "PROJECT CSV DATASET.TABLE SCHEMA DIRECTORY DESCRIPTION"),
    "upload_file": (bridges.upload_file, "PROJECT FILE PLACE"),
}


def main(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one of the programs and give its exit status."""
    name = words[0] if words else ""
    if name not in PROGRAMS:
        lines = [f"    python -m edxtasks.external {one} {usage}" for one, (_, usage) in PROGRAMS.items()]
        say("\n".join(["expected one of", *lines]))
        return 2
    program, usage = PROGRAMS[name]
    if len(words) - 1 != len(usage.split()):
        say(f"ERROR: expected {name} {usage}, found {quantity(len(words) - 1, 'argument')}")
        return 2
    try:
        print(program(_settings(environment), *words[1:]), flush=True)
    except (UserError, OSError) as error:
        say(f"ERROR: {name}: {from_machine(error) or error}")
        return 1
    return 0


def _settings(environment: Mapping[str, str]) -> Settings:
    folder = Path(environment.get(FOLDER) or Path.cwd())
    root = environment.get(ROOT)
    return load_settings(folder, {"root": root} if root else {}, environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
