"""Settings: every one of them, with its type, default and meaning; docs/settings.md lists the same."""

# ruff: noqa: RUF009 -- setting() is dataclasses.field with a kind and a meaning

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from edxtasks.config.kinds import (
    ADDRESS,
    ADDRESS_IF_ANY,
    BUCKET,
    COMMANDS,
    CUTOFF,
    DAY,
    FLAG,
    FOLDER_NAME,
    FRACTION,
    KEY_FILE,
    LISTS,
    MEMORY,
    ORGANIZATION,
    PATH,
    PATTERN,
    PINS,
    TABLE_OR_FILE,
    TEXT,
    TEXTS,
    WORD,
    ZONE,
    ValueType,
    choice,
    number,
    setting,
    whole,
)
from edxtasks.config.options import Options
from edxtasks.course import CourseKey


@dataclass(frozen=True)
class Paths:
    """`[paths]`: where the data come from. Absolute once part of `Settings`; None = not set."""

    dump_dir: Path | None = setting(PATH, None, "Decrypted weekly package, for `waldofy`.")
    course_sql_base_dir: Path = setting(PATH, Path(), "Folder of the course directories.")
    course_sql_date_dir: str | None = setting(
        FOLDER_NAME, None, "Dated directory of each course; none: the course directory itself."
    )
    tracking_logs_directory: Path | None = setting(
        PATH, None, "Split, per-course log files and their checkpoints; tasks of the logs need it."
    )
    tlfn: str | None = setting(PATTERN, None, "Raw daily logs, a pattern.")
    geoip_database: Path = setting(PATH, Path("GeoIP2-City.mmdb"), "City database in MaxMind's format.")
    geographic_regions: Path | None = setting(
        PATH, None, "UN regions by country, CSV; none: the file that ships with the product."
    )
    listings: Path | None = setting(PATH, None, "Course listings, CSV or JSON lines.")
    staff: Path | None = setting(PATH, None, "Staff file, CSV, for `staff2bq`.")
    retired_list: Path = setting(
        PATH,
        Path("retired.json"),
        "List of learners who asked to be forgotten, in keyed digests; `retire` writes it.",
    )
    retire_key_file: Path | None = setting(
        PATH,
        None,
        "File with the key of that list, outside the warehouse, readable by you alone; `split` and `waldofy` "
        "need it as long as there is a list.",
    )
    deidentify_key_file: Path | None = setting(
        PATH,
        None,
        "File with the key of pseudonyms for `deidentify`, outside the warehouse, readable by you alone.",
    )


@dataclass(frozen=True)
class Warehouse:
    """`[warehouse]`: where the tables are."""

    engine: str = setting(choice("duckdb", "bigquery"), "duckdb", "`duckdb` (embedded) or `bigquery`.")
    path: Path = setting(PATH, Path("warehouse"), "Embedded engine: the folder of tables.")
    project_id: str | None = setting(WORD, None, "BigQuery: project.")
    location: str = setting(WORD, "US", "BigQuery: location of the datasets.")
    api_endpoint: str = setting(ADDRESS_IF_ANY, "", "BigQuery: another endpoint, for an emulator.")
    maximum_bytes_billed: int | None = setting(
        whole(1), None, "BigQuery: a query that would read more bytes is refused; none: no limit."
    )
    price_per_tebibyte: float = setting(
        number(0, 1_000_000),
        6.25,
        "BigQuery: US dollars for 2^40 bytes that a query reads, for `doit estimate`.",
    )
    parallel_loads: int = setting(whole(1), 8, "BigQuery: log days of a course that are loaded at once.")
    retry_seconds: int = setting(
        whole(1),
        600,
        "BigQuery and Cloud Storage: seconds for which requests are repeated that have no answer. Then all "
        "that needs them fails.",
    )
    check_grain_on_bigquery: bool = setting(
        FLAG, False, "BigQuery: also check the grain of each table that is built; each build costs a query."
    )


@dataclass(frozen=True)
class Storage:
    """`[storage]`: where published files go."""

    path: Path = setting(PATH, Path("storage"), "Embedded engine: the folder.")
    gs_bucket: str | None = setting(BUCKET, None, "Cloud Storage: `gs://` and the bucket.")


@dataclass(frozen=True)
class Engine:
    """`[engine]`: how a run uses the machine."""

    workers: int = setting(
        whole(), 0, "Processes inside one split or parse; 0: as many as cores, as a container gives them."
    )
    memory_limit: str = setting(
        MEMORY,
        "",
        'Of one task process, such as `"4GB"`; empty: a share of the machine or container, of which loading '
        "takes 500 MB.",
    )
    state: Path = setting(
        PATH, Path("state"), "Folder of caches and scratch files; nothing in it decides what is fresh."
    )


@dataclass(frozen=True)
class Mongo:
    """`[mongo]`: the database of `mongo2gs` and `mongo2user_info`."""

    uri: str = setting(
        TEXT,
        "mongodb://localhost:27017",
        "Server. With a password it is a secret: environment `EDXTASKS_MONGO_URI`.",
        secret=True,
    )
    dbname: str = setting(WORD, "harvardxdb", "Database.")

    @property
    def hosts(self) -> str:
        """The hosts of `uri` and nothing else of it: what a message may show."""
        rest = self.uri.rpartition("@")[2].rpartition("://")[2]
        return rest.partition("/")[0].partition("?")[0]


@dataclass(frozen=True)
class Settings:
    """All settings of a run, and its options. Picklable: it travels to worker processes.

    Relative paths are made absolute, starting at `root`. `course_id_list` is None where it is not set,
    which is not the same as an empty list. Secrets do not show in `repr`.
    """

    root: Path = setting(PATH, Path(), "Where relative paths start; relative to the folder of `dodo.py`.")
    course_id_list: tuple[str, ...] | None = setting(
        TEXTS, None, "Courses of a run when none is named; `year2=1`."
    )
    courses: Mapping[str, tuple[str, ...]] = setting(LISTS, {}, "Named course lists: `clist=NAME`.")
    course_axis_pin_dates: Mapping[str, str] = setting(
        PINS, {}, "Course to the dump date from which its content is read."
    )
    paths: Paths = field(default_factory=Paths)
    warehouse: Warehouse = field(default_factory=Warehouse)
    storage: Storage = field(default_factory=Storage)
    engine: Engine = field(default_factory=Engine)
    mongo: Mongo = field(default_factory=Mongo)
    api_key: str | None = setting(
        WORD, None, "Key of the YouTube Data API. Secret: environment `EDXTASKS_API_KEY`.", secret=True
    )
    auth_key_file: Path | None = setting(
        KEY_FILE, None, "Service-account file, JSON; none: Application Default Credentials."
    )
    maximum_parallel_processes: int = setting(whole(1), 1, "Default of doit's `-n`.")
    latest_sql_dir: bool = setting(
        FLAG, False, "Read the newest dated directory of each course; `course_sql_date_dir` is not used then."
    )
    default_end_date: date | None = setting(
        DAY, None, "Recorded by `person_course`; end of `mongo2gs` when no `end_date` is given."
    )
    org: str | None = setting(ORGANIZATION, None, "Organization whose reports `makegeoip` reads.")
    extra_external_commands: Mapping[str, Mapping[str, Any]] = setting(
        COMMANDS, {}, "Own external commands, a table each."
    )
    timezone: str | None = setting(
        TEXT, None, "Read, no effect: `log_day_timezone` moves the borders of days."
    )
    dynamic_tracking_logs_rephrasing_config_fn: Path | None = setting(
        PATH, None, "JSON list of retired keys of log lines; only read."
    )
    log_day_timezone: str = setting(ZONE, "UTC", "Time zone of the borders of log days.")
    filename_dates: bool = setting(FLAG, False, "Shard day from the name of the raw log, not from the event.")
    logfn_keepdir: bool = setting(FLAG, False, "The key of a raw log is its whole path.")
    edge_logs: str = setting(
        choice("separate", "merge", "skip"), "separate", "Logs of an edge site: `separate`, `merge`, `skip`."
    )
    dedupe_exact: bool = setting(FLAG, False, "Drop rows equal to a row of another raw log.")
    allow_truncated: bool = setting(FLAG, False, "Publish the readable part of a broken raw log.")
    resplit_on_rule_change: bool = setting(FLAG, False, "Split again when the rules of splitting changed.")
    max_reject_fraction: float = setting(FRACTION, 0.05, "Rejected lines of one raw log, at most.")
    rejects_kept_days: int = setting(
        whole(1), 90, "Days that rejected lines of raw logs are kept; a later split removes them."
    )
    max_bad_rows: int = setting(whole(), 0, "Refused rows of one load, at most.")
    json_text_form: str = setting(
        choice("compact", "predecessor"),
        "compact",
        "Text form of JSON columns: `compact`, `predecessor`; with a `.py` configuration `predecessor`.",
    )
    module_id_extended: bool = setting(
        FLAG, True, "Also the rules for module ids that the predecessor lacked."
    )
    split_gzip_level: int = setting(
        whole(0, 9), 1, "Compression of shards: 0 and 1 fast (ISA-L), 2 to 9 smaller and slower (zlib)."
    )
    mongo_keep_local: int = setting(whole(), 20, "Local copies that `mongo2gs` keeps.")
    max_bad_fraction: float = setting(
        FRACTION, 0.05, "Bad records of one dump file, and unreadable problem states, at most."
    )
    publish_course_images: bool = setting(FLAG, False, "The course image is readable by the world.")
    axis_include_hidden: bool = setting(FLAG, False, "Course axis with what authors hid.")
    days_per_query: int = setting(whole(1), 200, "Log days in one query.")
    min_item_responses: int = setting(whole(), 5, "An item is kept with more responses than this.")
    sybil_max_group: int = setting(whole(), 8, "Groups of one address are smaller than this.")
    sybil_max_percent_correct: float = setting(number(0, 100), 70.0, "A harvester has at most this, percent.")
    sybil_min_show_answer: int = setting(whole(), 10, "A harvester saw more answers than this.")
    fingerprint_min_pairs: int = setting(whole(), 20, "Pairs of users share more events than this.")
    fingerprint_min_corr: float = setting(number(-1, 1), 0.99, "Correlation above this.")
    cameo_master: str | None = setting(
        TABLE_OR_FILE,
        None,
        "Confirmed cases: `DATASET.TABLE`, `TABLE` of the dataset `courses`, or a CSV file.",
    )
    cameo_cutoff: date | str | None = setting(
        CUTOFF, None, "Last date of the events that are compared: `auto`, a date, or none."
    )
    irt_source: str = setting(
        choice("", "item_irt_grm", "item_irt_grm_R"),
        "",
        "Table of `irt_report`; empty: `item_irt_grm` if it exists, else `item_irt_grm_R`.",
    )
    export_personal_data: bool = setting(FLAG, False, "Also export tables of e-mail addresses as files.")
    keep_person_course_snapshots: bool = setting(FLAG, False, "`combinepc` keeps a dated table each time.")
    youtube_api_endpoint: str = setting(
        ADDRESS,
        "https://www.googleapis.com/youtube/v3",
        "Address of the YouTube Data API; another one for tests and proxies.",
    )
    file_mode: str = setting(
        choice("0600", "0640", "0660"),
        "0600",
        "Mode of all files that a run makes, and with it of folders: `0600` (you alone), `0640` (your group "
        "reads), `0660` (your group reads and writes).",
    )
    wait: int | None = setting(
        whole(),
        None,
        "Seconds to wait for another run that has the table or log directory; 0: leave at once. Default: as "
        "long as it takes.",
    )
    csv_bom: bool = setting(FLAG, False, "CSV exports begin with a byte-order mark, for spreadsheets.")
    minimum_cell: int = setting(
        whole(1), 10, "Fewest learners behind a figure on a page; a smaller figure is not shown."
    )
    health_ignore: tuple[str, ...] = setting(
        TEXTS, (), "Courses in the logs that no list names and `health` is not to tell of; may contain `*`."
    )
    health_archived: tuple[str, ...] = setting(
        TEXTS,
        (),
        "Courses that are over: `health` does not tell of their old dumps and quiet days; may contain `*`.",
    )
    health_server_share: float = setting(
        FRACTION, 0.8, "A raw log is missed of a server that has one on this share of the days."
    )
    health_weeks: int = setting(
        whole(1, 520), 8, "Weeks whose days `health` compares, and weeks that a day is compared with."
    )
    health_least_weeks: int = setting(
        whole(1), 4, "A course's day is compared where so many weeks before it are there."
    )
    health_day_share: float = setting(
        FRACTION, 0.3, "A course's day has at least this share of the median of its weekday."
    )
    health_day_events: int = setting(
        whole(), 10, "A course's day is compared where that median is at least this."
    )
    health_reject_share: float = setting(FRACTION, 0.01, "Rejected lines of one raw log, at most.")
    health_least_rejects: int = setting(whole(), 100, "Fewer rejected lines of a raw log are not told.")
    health_small_log_rejects: float = setting(
        FRACTION, 0.1, "Of a small raw log this share of rejected lines is told, though they are fewer."
    )
    health_dump_age: int = setting(
        whole(), 10, "Days that the newest dump of a course is older than the newest log, at most."
    )
    health_users_drop: float = setting(
        FRACTION, 0.02, "A dump with fewer users than the one before by this share is a problem."
    )
    health_rows_drop: float = setting(
        FRACTION, 0.2, "A table of a dump with fewer rows than before by this share is a problem."
    )
    health_unknown_learners: float = setting(
        FRACTION, 0.01, "Active learners whom the dump does not know, at most."
    )
    health_unlisted_events: int = setting(
        whole(1), 20, "From so many events on a course that no list names is a problem."
    )
    health_disk_weeks: float = setting(
        number(0, 520), 1.0, "Weeks of logs and dumps for which there must be room on the disks."
    )
    deidentify_release: str | None = setting(
        TEXT,
        None,
        "Name of the release that `deidentify` makes; pseudonyms of two releases cannot be joined.",
    )
    deidentify_k: int = setting(
        whole(2), 5, "Fewest learners who cannot be told apart by what may be known of them."
    )
    deidentify_columns: tuple[str, ...] | None = setting(
        TEXTS, None, "Columns of behaviour that `deidentify` publishes; none: all that it can."
    )
    options: Options = field(default_factory=Options)
    config_file: Path | None = None
    """The configuration file that was read; None when there is none."""
    notices: tuple[str, ...] = ()
    """Lines for the person who runs the product, about settings and options."""

    def __post_init__(self) -> None:
        root = self.root.absolute()
        object.__setattr__(self, "root", root)
        for name in ("dynamic_tracking_logs_rephrasing_config_fn", "auth_key_file"):
            path = getattr(self, name)
            object.__setattr__(self, name, root / path if path is not None else None)
        for name in ("paths", "warehouse", "storage", "engine", "options"):
            section = getattr(self, name)
            object.__setattr__(self, name, _absolute(section, root))
        if self.paths.tlfn is not None and not Path(self.paths.tlfn).is_absolute():
            # Only what a person wrote is a pattern; a "[" in the folder above it is none.
            pattern = str(Path(glob.escape(str(root))) / self.paths.tlfn)
            object.__setattr__(self, "paths", dataclasses.replace(self.paths, tlfn=pattern))

    @property
    def processes(self) -> int:
        """Default of doit's `-n`: `max_parallel` when given, else `maximum_parallel_processes`."""
        return self.options.max_parallel or self.maximum_parallel_processes

    @property
    def newest_dump(self) -> bool:
        """Whether the newest dated directory of each course is read, not that of `course_sql_date_dir`."""
        return self.latest_sql_dir or self.options.latest_sql_dir or self.options.dataset_latest

    def pin(self, course: CourseKey) -> str | None:
        """The dump date (YYYY-MM-DD) from which the content of `course` is read, or None."""
        return self.course_axis_pin_dates.get(str(course))


def _absolute(section: Any, root: Path) -> Any:
    paths = {f.name: getattr(section, f.name) for f in dataclasses.fields(section)}
    moved = {name: root / value for name, value in paths.items() if isinstance(value, Path)}
    return dataclasses.replace(section, **moved)


@dataclass(frozen=True)
class Entry:
    """What is known of one setting or option; `section` is "" for the top level and for options."""

    section: str
    name: str
    kind: ValueType
    default: Any
    what: str
    secret: bool

    @property
    def place(self) -> str:
        """Where it stands in a configuration file, in words."""
        return f"[{self.section}]" if self.section else "the top level, above the first [section]"


SECTIONS: Mapping[str, type[Any]] = {
    "paths": Paths,
    "warehouse": Warehouse,
    "storage": Storage,
    "engine": Engine,
    "mongo": Mongo,
}


def _entries(section: str, holder: type[Any]) -> Iterator[Entry]:
    for f in dataclasses.fields(holder):
        if "kind" in f.metadata:
            default = {} if f.default is dataclasses.MISSING else f.default
            yield Entry(
                section, f.name, f.metadata["kind"], default, f.metadata["what"], f.metadata["secret"]
            )


SETTINGS: Mapping[tuple[str, str], Entry] = {
    (entry.section, entry.name): entry
    for section, holder in (("", Settings), *SECTIONS.items())
    for entry in _entries(section, holder)
}
"""Every setting by section ("" = top level) and name."""

OTHER_NAMES: Mapping[str, tuple[str, str]] = {
    "course_base_dir": ("paths", "course_sql_base_dir"),
    "course_date_dir": ("paths", "course_sql_date_dir"),
    "logs_dir": ("paths", "tracking_logs_directory"),
    "dbname": ("mongo", "dbname"),
}
"""Settings that have a name of their own on the command line."""


def _other_names() -> Iterator[Entry]:
    for name, (section, known) in OTHER_NAMES.items():
        what = f"Overrides `{known}`{f' of `[{section}]`' if known == name else ''}."
        yield dataclasses.replace(SETTINGS[section, known], section="", name=name, default=None, what=what)


OPTIONS: Mapping[str, Entry] = {entry.name: entry for entry in (*_entries("", Options), *_other_names())}
"""Every option by name."""

VARIABLES: Mapping[str, Entry] = {
    entry.name: entry for entry in SETTINGS.values() if entry.section in ("", "paths") and not entry.secret
} | {**OPTIONS}
"""What may stand on the command line as `name=value`, by name."""
