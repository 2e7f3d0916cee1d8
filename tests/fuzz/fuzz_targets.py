"""What reads input from outside, each reader as a function of bytes, and what must hold of it for any bytes.

An input may be refused by an error for people, or counted as a reject. It ends in no other exception; what
comes out is the same each time, whatever was read before; messages are lines fit for a terminal.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "logs"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import duckdb
import fuzz_words as words
from build_inputs import built_by
from checked_lines import REPHRASERS, RULES, check_row
from lxml import etree

from edxtasks.build.model import read_models
from edxtasks.config import Paths, Settings, chosen_courses, load_settings
from edxtasks.content.archive import read_archive
from edxtasks.content.axis import axis_rows
from edxtasks.content.bundle import bundle_name, make_bundle, read_bundle
from edxtasks.content.dates import parse_listed_date, parse_time
from edxtasks.content.files_beside_tables import csv_bytes
from edxtasks.content.findings import Findings
from edxtasks.content.listings_file import read_listings
from edxtasks.content.markup import parse_bundle, parse_html, parse_xml
from edxtasks.content.videos.exported import exported_videos
from edxtasks.content.videos.numbers import clock_time, iso_duration
from edxtasks.content.videos.transcripts import last_cue
from edxtasks.course import CourseKey, canonical, is_key, parse_all
from edxtasks.dumps import values
from edxtasks.dumps.package import plan_package
from edxtasks.dumps.reader import (
    COURSE_ID,
    FLOAT,
    INTEGER,
    MODULE_ID,
    STRING,
    TIMESTAMP,
    DeliveredTable,
    Field,
)
from edxtasks.errors import SourceAbsentError, UserError
from edxtasks.external.bridges import read_schema, rows_of
from edxtasks.geolocation.regions import read_regions
from edxtasks.logs.raw_files import RawLog
from edxtasks.logs.rows.event_course import course_in_url, course_of_key, course_of_page
from edxtasks.logs.rows.event_time import read_time
from edxtasks.logs.rows.rephrase import Rephraser
from edxtasks.messages import Messages
from edxtasks.printable import printable, printable_message, printable_path
from edxtasks.problems import states
from edxtasks.retired import Learner, Retired, read_gone, read_retired
from edxtasks.retirement.contents import Taken, UnreadableError, cleaner_of, lines_of
from edxtasks.tables.content.grading_policy import read_grading_policy, shape
from edxtasks.tables.dumps import (
    forum,
    grades_persistent,
    grades_persistent_subsection,
    roles,
    studentmodule,
    user_info_combo,
    user_partitions,
)
from edxtasks.tables.person import course_facts
from edxtasks.warehouse import dialect
from edxtasks.warehouse.rows import JsonLines
from edxtasks.warehouse.schema import Schema, schema

COURSE = CourseKey("UnivX", "3.14x", "1T2016")
SECRET = b"hunter2hunter2"
"""Stands in inputs as the value of a secret; no message may show it."""

_OF_A_SECRET = re.compile(rb"api_key *= *\"?" + SECRET + rb"|mongodb://[^ \"]*" + SECRET)

_LONGEST_MESSAGE = 20_000
_FEW_BYTES = 1 << 14
_NOT_OURS = re.compile(r"Traceback \(most recent|File \"/|Error\(|<[a-z_.]+ object at")


class BrokenPromiseError(AssertionError):
    """Something that must hold of every input does not hold of this one."""


@dataclass(frozen=True)
class Outcome:
    """What came of an input: `result` as text, and what people are told."""

    result: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """A reader: `read` gets the input and an empty folder for files.

    `words`: what inputs of this kind are made of, for mutations. `foreign`: whether a message has a value
    that it may not have. `own`: what is read was written by the person who is told; all is escaped on its
    way to the terminal.
    """

    name: str
    read: Callable[[bytes, Path], Outcome]
    words: tuple[bytes, ...] = ()
    foreign: Callable[[str], bool] = lambda _: False
    own: bool = False


def outcome(target: Target, data: bytes, folder: Path) -> Outcome:
    """What comes of an input. Raises whatever is no error for people, and `BrokenPromiseError`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        found = target.read(data, folder)
    except UserError as refusal:
        found = Outcome("refused", (str(refusal),))
    for message in found.messages:
        _check_message(message.replace(str(folder), ""), target)
    return found


def check(target: Target, data: bytes, folder: Path) -> Outcome:
    """As `outcome`, twice: both must be the same."""
    first = outcome(target, data, folder)
    if outcome(target, data, folder) != first:
        raise BrokenPromiseError(f"{target.name}: twice is not the same as once")
    return first


def _check_message(message: str, target: Target) -> None:
    if len(message) > _LONGEST_MESSAGE:
        raise BrokenPromiseError(f"a message of {len(message)} characters")
    if found := _NOT_OURS.search(message):
        raise BrokenPromiseError(f"a message with {found[0]!r}")
    if not target.own and (shown := [one for one in message if one != "\n" and not one.isprintable()]):
        raise BrokenPromiseError(f"a message with {shown[0]!r} as it is")
    if target.foreign(message):
        raise BrokenPromiseError("a message with a value of the input")


# --- logs ---------------------------------------------------------------------------------------------------


def _log_lines(data: bytes, folder: Path) -> Outcome:
    """Lines of a log: alone, after one another, in the other order, and rows as lines again."""
    lines = data.split(b"\n")
    told = []
    for rules, shared in zip(RULES, REPHRASERS, strict=True):
        found = shared.lines(lines)
        names = shared.take_counts()
        told += sorted({**names.unknown_keys, **names.wrong_types})
        fresh = Rephraser(rules)
        if [fresh.line(line) for line in reversed(lines)][::-1] != found:
            raise BrokenPromiseError("the row of a line depends on the lines before it")
        for line, result in zip(lines, found, strict=True):
            check_row(shared, line, result)
        shared.take_counts()
    return Outcome(repr(found), tuple(map(printable, told)))


def _raw_log(data: bytes, folder: Path) -> Outcome:
    """A file as a raw log, plain or compressed: the same lines however it is cut."""
    path = folder / "tracking.log"
    path.write_bytes(data)
    found = set()
    for size in (1, 64, 1 << 22) if len(data) < _FEW_BYTES else (1 << 20, 1 << 22):
        lines = hashlib.sha256()
        refused = ""
        with RawLog(path) as log:
            try:
                for block in log.blocks(size):
                    lines.update(block.data + b"\0" * block.too_long)
            except UserError as error:
                refused = str(error)
        found.add((lines.hexdigest(), refused))
    if len(found) > 1:
        raise BrokenPromiseError("the lines of a log depend on how it is cut")
    ((digest, refused),) = found
    return Outcome(digest, (refused,))


# --- files in one input -------------------------------------------------------------------------------------

_BEGIN = re.compile(rb"^== (.*)\n", re.MULTILINE)


def _files_in(data: bytes) -> dict[str, bytes]:
    """Files by name, each after a line `== name`."""
    pieces = _BEGIN.split(data)
    return {
        name.decode(errors="replace"): content.removesuffix(b"\n")
        for name, content in zip(pieces[1::2], pieces[2::2], strict=True)
    }


# --- dumps --------------------------------------------------------------------------------------------------

_FIELDS = (
    Field("id", INTEGER),
    Field("user_id", INTEGER),
    Field("name", STRING),
    Field("grade", FLOAT),
    Field("created", TIMESTAMP),
    Field("module_id", MODULE_ID),
    Field("course_id", COURSE_ID),
    Field("state", STRING),
)


def _dump(name: str, **how: Any) -> Callable[[bytes, Path], Outcome]:
    def read(data: bytes, folder: Path) -> Outcome:
        path = folder / name
        path.write_bytes(data)
        found: list[object] = []
        messages = Messages()
        for key, course in (("id", COURSE), (None, None)):
            for form in (how, {**how, "escaped_breaks": True}):
                try:
                    table = DeliveredTable(path, messages, course=course, **form)
                    rows = list(table.rows(_FIELDS, key))
                except UserError as refusal:
                    found.append("refused")
                    messages.add(str(refusal))
                    continue
                account = table.account
                if account.records != account.rows + account.bad + account.other_course:
                    raise BrokenPromiseError("records that are neither rows, nor bad, nor of another course")
                if account.rows != len(rows):
                    raise BrokenPromiseError("rows that were counted are not those that came")
                found += rows
        return Outcome(repr(found), tuple(messages.lines))

    return read


_TABLES = (
    roles,
    studentmodule,
    user_info_combo,
    user_partitions,
    grades_persistent,
    grades_persistent_subsection,
    course_facts,
)
_DUMP_FILES = frozenset(
    {"users", "profiles", "enrollment", "certificates", "user_id_map", "rolecourse", "roleforum"}
    | {"studentmodule", "user_api_usercoursetag", "grades_persistentcoursegrade"}
    | {"grades_persistentsubsectiongrade"}
)


def _dump_tables(data: bytes, folder: Path) -> Outcome:
    """The tables of a dump: files, each after a line `== name`, with the tables that are made from them."""
    place = folder / COURSE.package_prefix / "2016-05-01"
    place.mkdir(parents=True)
    for name, content in _files_in(data).items():
        stem, _, ending = name.partition(".")
        if (stem in _DUMP_FILES and ending in ("sql", "csv")) or name == "course_structure.json":
            (place / name).write_bytes(content)
    settings = Settings(
        root=folder, paths=Paths(course_sql_base_dir=folder, course_sql_date_dir="2016-05-01")
    )
    found: list[object] = []
    messages = Messages()
    for module in _TABLES:
        (folder / "scratch").mkdir(exist_ok=True)
        try:
            content = built_by(module, COURSE, settings, folder / "scratch", messages)
            paths = content.paths if isinstance(content, JsonLines) else ()
            rows = [gzip.decompress(path.read_bytes()) for path in paths] or list(content)
        except (UserError, SourceAbsentError) as refusal:
            messages.add(str(refusal))
            continue
        found.append(rows)
    return Outcome(repr(found).replace(str(folder), ""), tuple(messages.lines))


def _grading(data: bytes, folder: Path) -> Outcome:
    findings = Findings()
    try:
        made = shape(read_grading_policy(data, "grading_policy.json"), findings)
        rows = list(made.rows)
    except (UserError, SourceAbsentError) as refusal:
        return Outcome("refused", (str(refusal), *findings.lines()))
    names = made.schema.names
    if any(row.keys() - set(names) for row in rows):
        raise BrokenPromiseError("a row with other columns than the table has")
    written = csv_bytes(names, [[row[name] for name in names] for row in rows])
    return Outcome(repr((made.schema, rows, written)), tuple(findings.lines()))


def _forum(data: bytes, folder: Path) -> Outcome:
    path = folder / "forum.mongo"
    path.write_bytes(data)
    messages = Messages()
    rows = list(forum.rows(path, 1.0, messages))
    json.dumps(rows, ensure_ascii=False).encode()
    return Outcome(repr(rows), tuple(messages.lines))


def _problem_state(data: bytes, folder: Path) -> Outcome:
    text = values.decode_with_breaks(data.decode(errors="replace").replace("\0", ""))
    try:
        state = states.parse_state(text)
        found = [
            (
                name,
                states.plain_text(value),
                states.number(value),
                states.attempts(value),
                states.truth(value),
            )
            for name, value in state.items()
        ]
    except states.UnreadableStateError as error:
        return Outcome("unreadable", (str(error),))
    return Outcome(repr(found))


def _has_letters_beyond_ascii(message: str) -> bool:
    return not message.replace("…", "").isascii()


# --- course exports -----------------------------------------------------------------------------------------


def _course(data: bytes, folder: Path) -> Outcome:
    """A course export: files, each after a line `== path`."""
    files = _files_in(data)
    findings = Findings()
    try:
        bundle = make_bundle(files, COURSE, "course.tar.gz", findings)
        written = bundle.to_bytes()
        again = read_bundle(written, COURSE, bundle_name(COURSE))
        if again.to_bytes() != written:
            raise BrokenPromiseError("a bundle that is read and written again is another")
        rows = axis_rows(bundle, COURSE, findings)
        json.dumps(rows, default=str, ensure_ascii=False).encode()
        videos = exported_videos(bundle.tree, findings)
    except UserError as refusal:
        return Outcome("refused", (str(refusal), *findings.lines()))
    return Outcome(repr((written, rows, videos)), tuple(findings.lines()))


def _markup(data: bytes, folder: Path) -> Outcome:
    findings = Findings()
    found: list[object] = []
    for parse in (parse_xml, parse_html, lambda data, name, _: parse_bundle(data, name)):
        try:
            root = parse(data, "a/b.xml", findings)
        except UserError as refusal:
            found.append(str(refusal))
            continue
        if root is not None:
            written = etree.tostring(root, encoding="UTF-8")
            etree.fromstring(written, etree.XMLParser(huge_tree=True))
            found.append(written)
    found += [last_cue("a.srt", data), last_cue("a.sjson", data)]
    return Outcome(repr(found), (*findings.lines(), *(one for one in found if isinstance(one, str))))


def _archive(data: bytes, folder: Path) -> Outcome:
    path = folder / "course.tar.gz"
    path.write_bytes(data)
    findings = Findings()
    try:
        files = read_archive(path, findings)
    except UserError as refusal:
        return Outcome("refused", (str(refusal), *findings.lines()))
    for name in files:
        if name.startswith("/") or ".." in name.split("/"):
            raise BrokenPromiseError("a file outside")
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return Outcome(repr(digests), tuple(findings.lines()))


def _listings(data: bytes, folder: Path) -> Outcome:
    found = []
    findings = Findings()
    told = []
    for name in ("listings.csv", "listings.json"):
        path = folder / name
        path.write_bytes(data)
        try:
            rows = read_listings(path, findings)
            json.dumps(rows, ensure_ascii=False).encode()
            found.append(rows)
        except UserError as refusal:
            told.append(str(refusal))
    return Outcome(repr(found), (*told, *findings.lines()))


# --- what programs hand back, and what is cleaned of retired learners ---------------------------------------


def _results(data: bytes, folder: Path) -> Outcome:
    """A table that an external program made, and behind a line `%%` the schema of one."""
    text, _, form = data.partition(b"\n%%\n")
    (folder / "a.csv").write_bytes(text)
    (folder / "a.json").write_bytes(form)
    found: list[object] = []
    messages = []
    for read in (lambda: list(rows_of(folder / "a.csv", _RESULTS)), lambda: read_schema(folder / "a.json")):
        try:
            found.append(read())
        except UserError as refusal:
            messages.append(str(refusal))
    return Outcome(repr(found), tuple(messages))


def _office_lists(data: bytes, folder: Path) -> Outcome:
    """Regions by country, and behind a line `%%` a list of retired learners, as people may change them."""
    regions, _, retired = data.partition(b"\n%%\n")
    (folder / "regions.csv").write_bytes(regions)
    (folder / "retired.json").write_bytes(retired)
    key = folder / "key"
    key.write_text("00112233445566778899aabbccddeeff" * 2)
    key.chmod(0o600)
    paths = Paths(retired_list=folder / "retired.json", retire_key_file=key)
    settings = Settings(root=folder / "office", paths=paths)
    messages = Messages()
    found: list[object] = []
    told = []
    for read in (
        lambda: sorted(read_regions(folder / "regions.csv", messages).items()),
        lambda: sorted(read_retired(settings).digests),
        lambda: [*read_gone(settings)],
    ):
        try:
            found.append(read())
        except UserError as refusal:
            told.append(str(refusal))
    return Outcome(repr(found), (*messages.lines, *told))


_RESULTS = schema("name STRING\nnumber INTEGER\ngrade FLOAT\nok BOOLEAN\ntime TIMESTAMP\nday DATE")
_ORIGINALS = (
    ("tracking.log", True),
    ("UnivX-3.14x-1T2016-auth_user-prod-analytics.sql", False),
    ("UnivX-3.14x-1T2016-courseware_studentmodule-prod-analytics.sql", False),
    ("UnivX-3.14x-1T2016-prod.mongo", False),
    ("a.csv", False),
    ("a.json", False),
    ("a.txt", False),
)


def _originals(data: bytes, folder: Path) -> Outcome:
    """Files of each kind without a retired learner; cleaned again they stay as they are."""
    found = []
    for name, is_log in _ORIGINALS:
        try:
            cleaned, taken = _cleaned([data], name, is_log)
            # What was glued to a number that went may be a name now; after that nothing is left.
            settled, _ = _cleaned([cleaned], name, is_log)
            again, more = _cleaned([settled], name, is_log)
        except UnreadableError as refusal:
            found.append((b"", str(refusal)))
            continue
        if again != settled or more:
            raise BrokenPromiseError(f"a file of the kind of {name} that is cleaned again is another")
        found.append((cleaned, repr(taken)))
    return Outcome(repr(found))


def _cleaned(pieces: list[bytes], name: str, is_log: bool) -> tuple[bytes, Taken]:
    taken = Taken()
    return b"".join(cleaner_of(name, _retired(), taken, is_log)(lines_of(pieces))), taken


@cache
def _retired() -> Retired:
    return Retired(b"k" * 32).with_learners(
        [
            Learner("hypatia_42", 7000001, ("hy@alex.example",)),
            Learner("video", 7000002, (), True),
            Learner("Zoë", 7000003),
        ]
    )


# --- names and numbers --------------------------------------------------------------------------------------


def _names(data: bytes, folder: Path) -> Outcome:
    """A text as a course key, an address of a page, the name of a file, a number, a date."""
    text = data.decode("utf-8", "surrogateescape")
    key = CourseKey.find(text)
    if key is not None:
        if CourseKey.find(key.slash) != key:
            raise BrokenPromiseError("the slash form of a key is another key")
        if CourseKey.find(key.opaque) not in (key, None) or "/" in key.directory:
            raise BrokenPromiseError("the opaque form of a key is another key")
        if not re.fullmatch(r"[A-Za-z0-9_]+", key.dataset):
            raise BrokenPromiseError("the name of a dataset has other characters")
        (folder / key.directory).mkdir()
    messages = []
    for parse in (CourseKey.parse, lambda text: parse_all(text.split(","))):
        try:
            parse(text)
        except UserError as refusal:
            messages.append(str(refusal))
    found: list[object] = [
        key,
        canonical(text),
        is_key(text),
        course_of_key(text),
        course_in_url(text),
        course_of_page(text),
        read_time(text),
        values.integer(text),
        values.decimal(text),
        values.boolean(text),
        values.timestamp(text),
        values.module_id(text),
        clock_time(text),
        iso_duration(text),
        states.number(text),
        states.attempts(text),
    ]
    for read in (parse_time, parse_listed_date):
        try:
            found.append(read(text))
        except ValueError:
            found.append(None)
    placed = _package_name(data, folder)
    shown = printable_message(text) + printable_path(text.replace("\0", ""))
    if not shown.replace("\n        ", "").isprintable():
        raise BrokenPromiseError("a message that is not fit for a terminal")
    return Outcome(
        repr((found, placed)),
        (*messages, *placed, printable(text)),
    )


def _package_name(data: bytes, folder: Path) -> list[str]:
    """Where a file of this name in a package goes, never out of the base; or why nowhere."""
    package = folder / "univx-2016-05-01"
    package.mkdir()
    name = data.split(b"\n")[0].replace(b"/", b"_").replace(b"\0", b"")
    if name in (b"", b".", b"..") or len(name) > 200:
        return []
    (package / name.decode("utf-8", "surrogateescape")).write_bytes(b"")
    base = folder / "SQL"
    try:
        plan = plan_package(package, [COURSE], base)
    except UserError as refusal:
        return [str(refusal)]
    targets = [file.target for files in plan.files.values() for file in files]
    if any(not target.resolve().is_relative_to(base) for target in targets):
        raise BrokenPromiseError("a file of a package would be sorted outside")
    return [printable_path(target.relative_to(base)) for target in targets]


# --- settings -----------------------------------------------------------------------------------------------


def _configuration(data: bytes, folder: Path) -> Outcome:
    """A configuration file, and behind a line `%%` words of a command line, a line each."""
    text, _, words = data.partition(b"\n%%\n")
    file = folder / "config" / "edxtasks.toml"
    file.parent.mkdir()
    file.write_bytes(text)
    lines = words.decode(errors="replace").splitlines()
    variables = dict(line.partition("=")[::2] for line in lines if "=" in line)
    variables.pop("config", None)
    messages = Messages()
    found: list[object] = []
    try:
        settings = load_settings(folder, variables, {})
        found.append(settings)
        messages.lines += settings.notices
        found.append(chosen_courses(settings, messages=messages))
    except UserError as refusal:
        messages.add(str(refusal))
    is_shown = any(SECRET.decode() in line for line in messages.lines)
    if is_shown and SECRET not in _OF_A_SECRET.sub(b"", data):
        raise BrokenPromiseError("a message with a secret")
    return Outcome(repr(found), tuple(messages.lines))


# --- queries ------------------------------------------------------------------------------------------------

SCHEMAS: dict[str, Schema] = {
    "tracklog": schema(
        "course_id STRING -- the course\n"
        "username STRING -- the learner\n"
        "time TIMESTAMP -- when\n"
        "event_type STRING -- what\n"
        "event STRING -- with what\n"
        "event_struct RECORD<id STRING, attempts INTEGER, grade FLOAT> -- members\n"
    ),
    "person": schema(
        "username STRING -- the learner\n"
        "user_id INTEGER -- the account\n"
        "grade FLOAT -- the grade\n"
        "active BOOLEAN -- whether active\n"
        "day DATE -- the day\n"
        "tags REPEATED STRING -- words\n"
    ),
}


def _query(data: bytes, folder: Path) -> Outcome:
    """A query: read, checked, translated; what is translated, the embedded engine takes."""
    tree = dialect.parse(data.decode("utf-8", "replace"))
    found: list[object] = [
        dialect.token_digest(data.decode("utf-8", "replace")),
        dialect.inputs(tree),
        dialect.parameters(tree),
        dialect.rewrite_versions(tree),
    ]
    complaints = dialect.check(tree, SCHEMAS)
    if set(found[1]) <= SCHEMAS.keys():  # type: ignore[call-overload]
        written = dialect.to_duckdb(tree, SCHEMAS)
        found += [written, dialect.lineage(tree, SCHEMAS)]
        if not found[2]:
            _prepare(written)
    return Outcome(repr(found), tuple(complaints))


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"memory_limit": "256MB", "threads": 1})
    for statement in (*dialect.CONNECTION_SETTINGS, *dialect.MACROS):
        connection.execute(statement)
    for name, columns in SCHEMAS.items():
        connection.execute(f"CREATE VIEW {name} AS {dialect.typed_empty(columns)}")
    return connection


def _prepare(written: str) -> None:
    try:
        _connection().execute(f"EXPLAIN {written}")
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
        raise BrokenPromiseError(f"a query that was taken cannot be run: {type(error).__name__}") from error
    except duckdb.Error:
        pass  # what goes wrong with constants (a cast, an overflow) goes wrong when the query runs


def _model(data: bytes, folder: Path) -> Outcome:
    (folder / "area").mkdir()
    (folder / "area" / "made_up.sql").write_bytes(data)
    tables = read_models(folder, None, SCHEMAS)
    return Outcome(repr(tables), tuple(table.fault for table in tables.values() if table.fault))


# --- all of them --------------------------------------------------------------------------------------------

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("log_lines", _log_lines, words.LOG),
        Target("raw_log", _raw_log, words.RAW_LOG),
        Target("dump_sql", _dump("a.sql"), words.DUMP, _has_letters_beyond_ascii),
        Target("dump_csv", _dump("a.csv"), words.DUMP, _has_letters_beyond_ascii),
        Target("dump_office", _dump("a.csv", escapes=False), words.DUMP, _has_letters_beyond_ascii),
        Target("dump_tables", _dump_tables, words.DUMP_TABLES, _has_letters_beyond_ascii),
        Target("grading", _grading, words.GRADING),
        Target("forum", _forum, words.FORUM, _has_letters_beyond_ascii),
        Target("problem_state", _problem_state, words.STATE, _has_letters_beyond_ascii),
        Target("course", _course, words.COURSE),
        Target("markup", _markup, words.MARKUP),
        Target("archive", _archive, words.ARCHIVE),
        Target("listings", _listings, words.LISTINGS, _has_letters_beyond_ascii),
        Target("results", _results, words.RESULTS),
        Target("originals", _originals, words.ORIGINALS),
        Target("office_lists", _office_lists, words.OFFICE_LISTS),
        Target("names", _names, words.NAMES),
        Target("configuration", _configuration, words.CONFIGURATION, own=True),
        Target("query", _query, words.QUERY, own=True),
        Target("model", _model, words.MODEL, own=True),
    )
}
"""The readers by name."""
