"""What a split depends on besides the raw logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from edxtasks.errors import SettingsError
from edxtasks.logs.log_names import date_in_name, is_edge
from edxtasks.logs.raw_files import BLOCK_SIZE
from edxtasks.logs.rules import RULES_VERSION, LineRules, RephraseRules
from edxtasks.machine import cores
from edxtasks.retired import Retired, read_retired

if TYPE_CHECKING:
    from edxtasks.config import Settings

SHARED_ABOVE = 64 * 1024 * 1024
"""A raw log with fewer bytes of lines, as far as its size tells, is not shared out among workers."""


@dataclass(frozen=True)
class SplitOptions:
    """Settings of a split; those without a word here are told in docs/settings.md.

    `directory` is the log directory. `workers`: processes, 1 means the calling process itself.
    `keep_directory` is the setting `logfn_keepdir`.
    `retired`: learners whose lines are left out.
    `force`: split again what is split already.
    `round_size`: raw logs after which shards are published, however many are still to be split.
    `block_size`, `shared_above` and `round_size` never change the result.
    """

    directory: Path
    rules: RephraseRules = field(default_factory=RephraseRules)
    workers: int = 1
    edge_logs: str = "separate"
    dedupe_exact: bool = False
    allow_truncated: bool = False
    resplit_on_rule_change: bool = False
    max_reject_fraction: float = 0.05
    rejects_kept_days: int = 90
    filename_dates: bool = False
    log_day_timezone: str = "UTC"
    keep_directory: bool = False
    retired: Retired = field(default_factory=Retired)
    force: bool = False
    gzip_level: int = 1
    block_size: int = BLOCK_SIZE
    shared_above: int = SHARED_ABOVE
    round_size: int = 200

    @classmethod
    def from_settings(cls, settings: Settings) -> SplitOptions:
        """As the settings and options of a run say.

        Raises `SettingsError` when there is no log directory, or the list of retired keys or of retired
        learners cannot be read.
        """
        directory = settings.paths.tracking_logs_directory
        if directory is None:
            raise SettingsError(
                "no log directory: set tracking_logs_directory under [paths], or give logs_dir=DIRECTORY"
            )
        return cls(
            directory=directory,
            rules=rephrase_rules(settings),
            workers=settings.engine.workers or cores(),
            edge_logs=settings.edge_logs,
            dedupe_exact=settings.dedupe_exact,
            allow_truncated=settings.allow_truncated,
            resplit_on_rule_change=settings.resplit_on_rule_change,
            max_reject_fraction=settings.max_reject_fraction,
            rejects_kept_days=settings.rejects_kept_days,
            filename_dates=settings.filename_dates,
            log_day_timezone=settings.log_day_timezone,
            keep_directory=settings.logfn_keepdir,
            retired=read_retired(settings),
            force=bool(settings.options.force_recompute),
            gzip_level=settings.split_gzip_level,
        )

    def line_rules(self, path: Path) -> LineRules:
        """What decides about the lines of one raw log."""
        return LineRules(
            rephrase=self.rules,
            zone=self.log_day_timezone,
            fixed_day=date_in_name(path) if self.filename_dates else None,
            edge=self.is_kept_apart(path),
            retired=self.retired,
        )

    def is_kept_apart(self, path: Path) -> bool:
        """Whether the rows of a raw log go to the buckets of edge logs."""
        return self.edge_logs == "separate" and is_edge(path)

    def recipe(self, path: Path) -> dict[str, Any]:
        """All that decides which rows a raw log gives, besides its content, by name."""
        recipe = {
            "rules version": RULES_VERSION,
            "json_text_form": self.rules.json_text_form,
            "module_id_extended": self.rules.module_id_extended,
            "filename_dates": self.filename_dates,
            "log_day_timezone": self.log_day_timezone,
            "edge logs kept apart": self.is_kept_apart(path),
        }
        if self.retired:
            recipe["retired learners"] = self.retired.check_value()
        return recipe


def rephrase_rules(settings: Settings) -> RephraseRules:
    """How rows are made, as the settings say. Raises `SettingsError` as `read_retired_keys` does."""
    return RephraseRules(
        json_text_form=settings.json_text_form,
        module_id_extended=settings.module_id_extended,
        retired_keys=read_retired_keys(settings.dynamic_tracking_logs_rephrasing_config_fn),
    )


def read_retired_keys(path: Path | None) -> tuple[tuple[str, ...], ...]:
    """The paths in a JSON list of retired keys, each a list of names or names joined by dots.

    Empty when there is no such file. Raises `SettingsError` when it is no such list.
    """
    if path is None or not path.exists():
        return ()
    try:
        form = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"{path} is not JSON: {error}; expected a list of paths of keys") from None
    if not isinstance(form, list):
        raise SettingsError(f"{path}: expected a JSON list of paths of keys")
    found: list[tuple[str, ...]] = []
    for item in form:
        names = item.split(".") if isinstance(item, str) else item
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise SettingsError(f"{path}: {str(item)[:80]} is not a path of keys; expected a list of names")
        found.append(tuple(names))
    return tuple(found)
