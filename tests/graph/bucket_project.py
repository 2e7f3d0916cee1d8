"""A project whose storage is a bucket of the emulator, and whose BigQuery nobody answers for."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from doit_process import doit
from project import REPOSITORY

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from servers import BUCKET, running


def bucket_project(folder: Path, courses: Sequence[str], **paths: str) -> Callable[..., list[str]]:
    """Make a project of these courses in `folder`, with `paths` as its settings of `[paths]`. Gives what runs
    doit in it: it takes the words, and returns the lines of messages."""
    shutil.copy(REPOSITORY / "dodo.py", folder)
    (folder / "config").mkdir()
    lines = [f"{name} = {json.dumps(value)}" for name, value in paths.items()]
    (folder / "config" / "edxtasks.toml").write_text(
        "\n".join(
            [
                f"course_id_list = {json.dumps(courses)}",
                "[paths]",
                *lines,
                "[warehouse]",
                'engine = "bigquery"',
                'project_id = "campus"',
                'api_endpoint = "http://127.0.0.1:9"   # nobody answers there, and nobody is asked',
                "[storage]",
                f'gs_bucket = "gs://{BUCKET}/{folder.name}"',
            ]
        )
    )

    def run(*words: str) -> list[str]:
        return doit(folder, *words, STORAGE_EMULATOR_HOST=running().storage).told

    return run
