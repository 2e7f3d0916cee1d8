"""Words that are no task and no command: what people mean by them, and what to type instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from edxtasks.course import CourseKey, is_key
from edxtasks.errors import nearest
from edxtasks.printable import listed, printable

GUIDE = "docs/from-edx2bigquery.md"

OTHER_NAMES: Mapping[str, str] = {
    "test_mark_processed": f"it is not needed: what was done is known from the tables ({GUIDE})",
    "external": "type external:NAME or external:NAME:COURSE (docs/external.md)",
    "tracklog": "the log days of a course are loaded by logs2bq:COURSE",
    "all": "type weekly, which builds everything",
    "build": "type weekly, or the name of what is to be built",
    "check": "checks of tables run whenever they are built; doit health looks at what is there",
    "config": "the settings stand in config/edxtasks.toml (docs/settings.md)",
    "describe": "type doit help TABLE",
    "explain": "type doit help TABLE, or doit why TASK",
    "export": "type get_course_data or get_table_data",
    "ls": "type doit list",
    "query": 'type doit shell "SELECT …"',
    "sql": 'type doit shell "SELECT …"',
    "show": "type doit info TASK, or doit list",
    "status": "type doit list -s, or doit plan",
    "tables": "type doit list, or doit get_course_tables COURSE",
    "test": "checks of tables run whenever they are built; doit health looks at what is there",
    "version": "type doit --version, or edxtasks --version",
}
"""What is to be typed in place of a word: names of edx2bigquery that have no task here, and words that other
tools have for what we call otherwise."""


def not_found(word: str, tasks: Collection[str], commands: Collection[str]) -> str:
    """What to say of a word that is no task and no command, with the one that is meant."""
    shown = printable(word)
    base, _, rest = word.partition(":")
    if word in OTHER_NAMES or (base in OTHER_NAMES and is_key(rest)):
        return f'"{shown}" is not a task or command: {OTHER_NAMES.get(word) or OTHER_NAMES[base]}'
    if word in commands:
        return f'"{shown}" is a command, not a task: it comes first on the line, doit {shown}'
    if is_key(word):
        return (
            f'"{shown}" is a course, not a task: type TASK:{printable(CourseKey.parse(word))}, or courses='
            f"{printable(CourseKey.parse(word))} (doit list {shown} names its tasks)"
        )
    return (
        f'"{shown}" is not a task or command{_meant(word, tasks, commands)} '
        "(doit list names the tasks, doit help the commands)"
    )


def _meant(word: str, tasks: Collection[str], commands: Collection[str]) -> str:
    plain = word.replace("-", "_")
    # The name of a table over courses without what stands before it.
    same = [name for name in tasks if name.rpartition(":")[2] == plain or name.rpartition(".")[2] == plain]
    if same:
        quoted = [f'"{name}"' for name in same]
        return f"; did you mean {listed(quoted)}?"
    among = tasks if ":" in word else [name for name in tasks if ":" not in name]
    return nearest(plain, [*among, *commands])
