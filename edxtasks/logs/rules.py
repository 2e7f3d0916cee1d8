"""What the rows of a line depend on besides the line. Light to import: every command reads settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from edxtasks.retired import Retired

RULES_VERSION = 2
"""Raised when the same line makes another row."""


@dataclass(frozen=True)
class RephraseRules:
    """The settings that rows depend on.

    `json_text_form`: `compact` or `predecessor`, the form of JSON text inside columns.
    `module_id_extended`: whether events get a module id that edx2bigquery gave none.
    `retired_keys`: paths of keys that are known to have no column, such as `("event_struct", "wiki")`;
    they are set aside as all unknown keys are, but not counted as unknown.
    """

    json_text_form: str = "compact"
    module_id_extended: bool = True
    retired_keys: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class LineRules:
    """What decides about a line's row and its shard.

    `fixed_day`: the day of all rows, else it is that of the event in `zone`. `edge`: rows go to the
    buckets of edge logs. `retired`: learners whose lines make no row.
    """

    rephrase: RephraseRules
    zone: str = "UTC"
    fixed_day: date | None = None
    edge: bool = False
    retired: Retired = field(default_factory=Retired)
