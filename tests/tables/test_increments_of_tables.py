"""However log days come and go, tables made from them end as one build of everything makes them.

Sequences of deliveries, replacements, removals, options and builds are played on a small warehouse; at the
end every table must have the version, date by date, that a build into an empty warehouse gives it, and every
check must find it fresh. Sequences that are written down are played on the tables by date and what these are
made from; one of them, and a random one, on all that the tracking log reaches: the others are made as a whole
or not at all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from made_up_rows import Sizes, columns_read, made_up
from model_cases import COURSE_PARAMETERS, parameters_of, registry

from edxtasks.build.build_table import build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, check
from edxtasks.build.log_days import TRACKLOG_SCHEMA
from edxtasks.config import Paths, Settings, with_options
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import SourceAbsentError
from edxtasks.table import TRACKLOG, Need, Scope, SqlModel, Table
from edxtasks.warehouse.base import (
    BuildInfo,
    Dates,
    DateState,
    Query,
    ResourceLimits,
    TableName,
    Tables,
    TableState,
    digest,
)
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import JsonLines

COURSE = CourseKey.parse(str(COURSE_PARAMETERS["course_id"]))
FIRST_DAY = date(2013, 2, 27)
DAYS = 4
"""The end of a month is among them: tables by date are stored by month."""

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
TIMES = {
    "300.000001 s before": -300 * _SECOND - 1,
    "300 s before": -300 * _SECOND,
    "last of the day before": -1,
    "midnight": 0,
    "10 s": 10 * _SECOND,
    "noon": _DAY // 2,
    "a minute after noon": _DAY // 2 + 60 * _SECOND,
    "1800 s to midnight": _DAY - 1800 * _SECOND,
    "300 s to midnight": _DAY - 300 * _SECOND,
    "last": _DAY - 1,
    "next midnight": _DAY,
    "300 s into the next": _DAY + 300 * _SECOND,
    "two days on": 2 * _DAY + _DAY // 2,
}
"""Times of events in microseconds after the midnight that a log day begins with: around both midnights, and
so of the neighbouring dates too, which log days hold a little of."""

_HANDLER = f"/courses/{COURSE}/xblock/v1/handler/transcript"
EVENTS: Mapping[str, Mapping[str, object]] = {
    "play": {
        "event_type": "play_video",
        "event": {"id": f"i4x-{COURSE.org}-1-video-intro", "currentTime": 12.5, "duration": 90},
        "module_id": f"{COURSE.org}/1/video/intro",
    },
    "check": {
        "event_type": "problem_check",
        "event_source": "server",
        "module_id": f"{COURSE.org}/1/problem/p",
    },
    "wiki": {"event_type": f"/courses/{COURSE}/wiki/1/"},
    "read": {"event_type": f"/courses/{COURSE}/discussion/forum/i4x/threads/abc", "event": {"GET": {}}},
    "vote": {"event_type": "edx.forum.thread.voted", "event": {"id": "abc", "undo_vote": False}},
    "assess": {
        "event_type": "openassessmentblock.self_assess",
        "event": {"submission_uuid": "s1", "parts": [{"option": {"points": 1}}]},
    },
    "submit": {
        "event_type": "openassessmentblock.create_submission",
        "event": {"submission_uuid": "s1", "answer": {"file_key": f"i4x://{COURSE.org}/1/openassessment/o"}},
    },
    "progress": {"event_type": f"/courses/{COURSE}/progress"},
    "choose zh": {"event_type": f"{_HANDLER}/translation/zh"},
    "choose fr": {"event_type": f"{_HANDLER}/translation/fr"},
    "download": {
        "event_type": "edx.ui.lms.link_clicked",
        "event": {"target_url": "handler/transcript/download"},
    },
    "enrol": {
        "event_type": "edx.course.enrollment.activated",
        "event": {"user_id": 1, "mode": "verified"},
    },
    "leave": {
        "event_type": "edx.course.enrollment.deactivated",
        "event": {"user_id": 1, "mode": "verified"},
    },
}
"""What events say."""

LEARNERS = ("u1", "u2", "")
"""Who acts: learners who are among those of the made-up rows too, and nobody."""

Event = tuple[str, str, str]
"""When (of TIMES), what (of EVENTS), who (of LEARNERS)."""


@dataclass(frozen=True)
class LogDay:
    """A log day is delivered, for the first time or again with other content; without events it goes."""

    day: int
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Halve:
    """A log day is delivered again with the first half of its events."""

    day: int


@dataclass(frozen=True)
class Other:
    """A table that is not made from logs is rebuilt with rows drawn from `seed`; None: it goes."""

    name: str
    seed: int | None


@dataclass(frozen=True)
class Options:
    """The options of the builds from here on; dates as days after the first one."""

    start: int | None
    end: int | None
    skip_last_day: bool


@dataclass(frozen=True)
class Lost:
    """A table that was made is dropped, or its stamp is taken away, by hand."""

    name: str
    only_stamp: bool


@dataclass(frozen=True)
class Build:
    """All tables are checked, and built where they are stale; `force`: all are rebuilt.

    `days_in_query`: most days that one query may read, as BigQuery has it; None: work is cut by month.
    """

    force: bool = False
    days_in_query: int | None = None


Step = LogDay | Halve | Other | Options | Lost | Build


KEPT_BEFORE_A_RANGE = {"pcday_trlang_events"}
"""Internal tables that hold what a table by date wants to know of earlier dates."""

ALL = Options(None, None, False)
UNTIL_FIRST = Options(None, 0, False)
NOT_LAST = Options(None, None, True)
BUILD = Build()


def reached() -> list[Table]:
    """The tables of a course that are made by date, or from such ones, in order of the registry.

    These are the tables that the tracking log reaches; where a table by date on the way is not made by this
    version of the product, those that it reaches.
    """
    names = {TRACKLOG} | {name for name, table in registry().items() if table.external and table.partition}
    found = []
    for table in registry().values():
        sources = {name for name, need in table.inputs.items() if need is not Need.BORROWED}
        if table.scope is Scope.COURSE and not table.external and (table.partition or sources & names):
            names.add(table.name)
            found.append(table)
    return found


def by_date() -> list[Table]:
    """Those of `reached` that are made by date, and what these are made from, in the same order."""
    names = {table.name for table in reached() if table.partition}
    wanted: set[str] = set()
    while names != wanted:
        wanted = set(names)
        names |= {name for table in reached() if table.name in wanted for name in table.inputs}
        names &= {table.name for table in reached()}
    return [table for table in reached() if table.name in wanted]


def others(tables: Sequence[Table]) -> list[Table]:
    """The tables beside, which these read."""
    read = {name for table in tables for name in table.inputs}
    names = read - {table.name for table in tables} - {TRACKLOG}
    return [registry()[name] for name in sorted(names)]


def may_go(tables: Sequence[Table]) -> list[str]:
    """The tables beside that none of these requires."""
    required = {name for table in tables for name, need in table.inputs.items() if need is Need.REQUIRED}
    return [table.name for table in others(tables) if table.name not in required]


@dataclass
class State:
    """What is delivered at one moment: events by day, seeds of the other tables, options."""

    days: dict[int, tuple[Event, ...]] = field(default_factory=dict)
    seeds: dict[str, int | None] = field(default_factory=dict)
    options: Options = Options(None, None, False)

    def take(self, step: Step) -> None:
        """The state after a step."""
        if isinstance(step, LogDay):
            self.days[step.day] = step.events
        elif isinstance(step, Halve):
            events = self.days.get(step.day, ())
            self.days[step.day] = events[: len(events) // 2]
        elif isinstance(step, Other):
            self.seeds[step.name] = step.seed
        elif isinstance(step, Options):
            self.options = step


class Site:
    """A warehouse in a folder, the tables that are made in it, and what was last put into it."""

    def __init__(self, folder: Path, tables: Sequence[Table]) -> None:
        self.folder = folder
        self.tables = tables
        self.warehouse = ParquetWarehouse(folder / "warehouse", ResourceLimits())
        self.held = State()

    def context(self, options: Options) -> Context:
        """What a run with these options has before it."""
        given = with_options(
            Settings(root=self.folder, paths=Paths(course_sql_base_dir=Path("SQL"))),
            start_date=_date(options.start),
            end_date=_date(options.end),
            skip_last_day=options.skip_last_day,
        )
        return Context(given, registry(), self.warehouse, Digests(), (COURSE,))

    def deliver(self, state: State) -> None:
        """Bring log days and other tables to what is delivered; what is as before is not touched."""
        for day, events in state.days.items():
            if events != self.held.days.get(day, ()):
                self._load_day(day, events)
        for table in others(self.tables):
            seed = state.seeds.get(table.name)
            if seed != self.held.seeds.get(table.name):
                self._make_other(table, seed)
        self.held = State(dict(state.days), dict(state.seeds))

    def lose(self, lost: Lost) -> None:
        """Lose a table, or its stamp."""
        name = self.context(ALL).name(registry()[lost.name], COURSE)
        if lost.only_stamp:
            self.warehouse.forget(name)
        else:
            self.warehouse.drop(name)

    def build(self, options: Options, how: Build) -> None:
        """Check all tables as a run does, and build those that are stale, or all."""
        self.warehouse.days_in_query = how.days_in_query  # type: ignore[assignment]
        context = self.context(options)
        for table in self.tables:
            verdict = check(context, table, COURSE)
            if verdict.status is Status.FRESH and verdict.signature is not None:
                self.warehouse.note_signature(context.name(table, COURSE), verdict.signature)
            if verdict.status is Status.SKIPPED:
                assert not isinstance(table.builder, SqlModel) or not context.log_days(COURSE)
                continue
            if verdict.status is Status.STALE or how.force:
                try:
                    build(context, table, COURSE, how.force)
                except SourceAbsentError:
                    assert not isinstance(table.builder, SqlModel)

    def standings(self, options: Options, quick: bool) -> dict[str, Status]:
        """What a check finds of every table."""
        context = self.context(options)
        return {table.name: check(context, table, COURSE, quick).status for table in self.tables}

    def versions(self) -> dict[str, tuple[TableState | None, Mapping[date, DateState]]]:
        """State of every table and of its dates, the note of the last check left out."""
        context = self.context(ALL)
        found = {}
        for table in self.tables:
            name = context.name(table, COURSE)
            state = context.state(table, COURSE)
            if state is not None:
                state = TableState(state.stamp, state.version, state.rows, state.partitioned)
            found[table.name] = (state, self.warehouse.dates(name))
        return found

    def versions_in_one_query(self, table: Table) -> dict[date, str]:
        """The versions of a table's dates with rows where one query reads all log days as they are."""
        assert isinstance(table.builder, SqlModel) and table.partition is not None
        names = tuple(
            TableName(COURSE.logs_dataset, day) for day in self.context(self.held.options).log_days(COURSE)
        )
        parameters = parameters_of(table)
        query = Query(table.builder.sql, {TRACKLOG: Tables(names, TRACKLOG_SCHEMA)}, parameters, table.schema)
        made = TableName("in_one_query", table.name)
        self.warehouse.create_dates(
            made, table.schema, table.partition, [Dates(query, None)], (), BuildInfo("stamp")
        )
        return {day: state.version for day, state in self.warehouse.dates(made).items()}

    def _load_day(self, day: int, events: tuple[Event, ...]) -> None:
        """Load a log day as the product does from a shard: with what is known of its content."""
        name = TableName(COURSE.logs_dataset, f"tracklog_{FIRST_DAY + timedelta(day):%Y%m%d}")
        if not events:
            self.warehouse.drop(name)
            return
        rows = [_row(day, event) for event in events]
        lines = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for _, row in rows)
        path = self.folder / "shard.json"
        path.write_bytes(lines)
        content = digest(lines.decode())
        times = [time for time, _ in rows]
        label = BuildInfo(digest("1", content), digest(content), len(rows), min(times), max(times))
        self.warehouse.load(name, TRACKLOG_SCHEMA, JsonLines((path,)), label)

    def _make_other(self, table: Table, seed: int | None) -> None:
        context = self.context(ALL)
        name = context.name(table, COURSE)
        if seed is None:
            self.warehouse.drop(name)
            return
        connection = self.warehouse.session.connection
        found = connection.execute(made_up(table.name, Sizes(rows=12, learners=3, seed=seed)))
        names = columns_read(table.name).names
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        if table.partition is None:
            self.warehouse.load(name, table.schema, rows, BuildInfo(f"seed {seed}"))
            return
        rows = [row for row in rows if row[table.partition] is not None]
        whole = TableName("drawn", table.name)
        self.warehouse.load(whole, table.schema, rows, BuildInfo(f"seed {seed}"))
        sql = f"SELECT {', '.join(f'{column} AS {column}' for column in table.schema.names)} FROM drawn"
        query = Query(sql, {"drawn": Tables((whole,), table.schema)}, {}, table.schema)
        self.warehouse.create_dates(
            name, table.schema, table.partition, [Dates(query, None)], (), BuildInfo(f"seed {seed}")
        )


def _date(day: int | None) -> date | None:
    return None if day is None else FIRST_DAY + timedelta(day)


def _moment(day: int, when: str) -> datetime:
    midnight = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC)
    return midnight + timedelta(day, microseconds=TIMES[when])


def _row(day: int, event: Event) -> tuple[int, dict[str, object]]:
    """Time of an event in microseconds since 1970, and its row."""
    when, what, learner = event
    moment = _moment(day, when)
    row = {"time": moment.isoformat(), "username": learner, "ip": f"192.0.2.{len(what)}", **EVENTS[what]}
    if "event" in row:
        row["event"] = orjson.dumps(row["event"]).decode()
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), row


@contextmanager
def site(tables: Sequence[Table]) -> Iterator[Site]:
    """A site in a folder that goes again."""
    with tempfile.TemporaryDirectory() as folder:
        one = Site(Path(folder), tables)
        yield one
        one.warehouse.session.close()


def play(steps: Sequence[Step], tables: Sequence[Table]) -> None:
    """Play the steps and a last build, and compare with a build of everything into an empty warehouse."""
    state = State(seeds={table.name: 0 for table in others(tables)})
    with site(tables) as grown, site(tables) as anew:
        for step in [*steps, Build()]:
            state.take(step)
            if isinstance(step, Lost):
                grown.lose(step)
            if isinstance(step, Build):
                grown.deliver(state)
                grown.build(state.options, step)
        anew.deliver(state)
        anew.build(state.options, BUILD)
        assert grown.versions() == anew.versions()
        for quick in (False, True):
            found = grown.standings(state.options, quick)
            assert set(found.values()) <= {Status.FRESH, Status.SKIPPED}, (quick, found)
            skipped = [name for name, status in found.items() if status is Status.SKIPPED]
            assert not [name for name in skipped if isinstance(registry()[name].builder, SqlModel)]
            grown.build(state.options, BUILD)
        compare_with_one_query(grown, state)


def compare_with_one_query(grown: Site, state: State) -> None:
    """A table made from log days alone has, in the range of dates, the rows that one query over all gives."""
    first, last = _date(state.options.start) or date.min, _date(state.options.end) or date.max
    log_days = [FIRST_DAY + timedelta(day) for day, events in state.days.items() if events]
    if state.options.skip_last_day and log_days:
        last = min(last, max(log_days) - timedelta(1))
    context = grown.context(state.options)
    for table in grown.tables:
        if set(table.inputs) == {TRACKLOG} and context.log_days(COURSE):
            wanted = {
                day: version
                for day, version in grown.versions_in_one_query(table).items()
                if (table.name in KEPT_BEFORE_A_RANGE or first <= day) and day <= last
            }
            held = grown.warehouse.dates(context.name(table, COURSE))
            assert wanted == {day: one.version for day, one in held.items() if one.rows}, table.name


def steps() -> st.SearchStrategy[list[Step]]:
    """Rounds of a few deliveries, often other options, and a build."""
    day = st.integers(0, DAYS - 1)
    event = st.tuples(*map(st.sampled_from, (tuple(TIMES), tuple(EVENTS), LEARNERS)))
    log_day = st.builds(LogDay, day, st.lists(event, max_size=5).map(tuple))
    other = st.one_of(
        st.builds(Other, st.sampled_from([table.name for table in others(reached())]), st.integers(0, 3)),
        st.builds(Other, st.sampled_from(may_go(reached())), st.none()),
    )
    lost = st.builds(Lost, st.sampled_from([table.name for table in reached()]), st.booleans())
    limit = st.none() | st.integers(0, DAYS)
    options = st.builds(Options, limit, limit, st.booleans())
    deliveries = st.lists(
        st.one_of(log_day, log_day, log_day, st.builds(Halve, day), other, lost), min_size=1, max_size=4
    )
    build = st.lists(
        st.sampled_from([BUILD, BUILD, Build(days_in_query=1), Build(force=True)]), min_size=1, max_size=2
    )
    one_round = st.tuples(deliveries, st.lists(options, max_size=1), build)
    return st.lists(one_round, min_size=1, max_size=3).map(
        lambda rounds: [step for one in rounds for part in one for step in part]
    )


def day(number: int, *events: str) -> LogDay:
    """A log day of events of one learner, written `when: what`."""
    return LogDay(number, tuple((*event.split(": "), "u1") for event in events))  # type: ignore[misc]


SEQUENCES: Mapping[str, Sequence[Step]] = {
    "a late day gives the next its first gap": [
        day(2, "10 s: play", "10 s: read", "10 s: wiki"),
        BUILD,
        day(1, "last: play", "1800 s to midnight: check"),
    ],
    "a query for each day sees the events before it": [
        day(0, "last: play"),
        day(1, "10 s: play", "last: play"),
        Build(days_in_query=1),
    ],
    "the first gap is to an event that the day before holds, or an older one": [
        day(1, "last: play", "next midnight: play"),
        BUILD,
        day(2, "10 s: play"),
    ],
    "the language of a download comes from a day delivered later, then replaced": [
        day(3, "noon: download"),
        BUILD,
        day(0, "noon: choose zh"),
        BUILD,
        day(0, "noon: choose fr"),
    ],
    "an end date takes a date away": [day(0, "noon: play"), day(1, "noon: play"), BUILD, BUILD, UNTIL_FIRST],
    "a date that was left out comes": [
        day(0, "noon: play"),
        day(1, "noon: play"),
        UNTIL_FIRST,
        BUILD,
        BUILD,
        ALL,
    ],
    "the last day left out moves on with the next": [
        day(0, "noon: enrol"),
        day(1, "noon: leave"),
        BUILD,
        NOT_LAST,
        BUILD,
        day(2, "noon: enrol"),
    ],
    "a table by date lost its stamps": [
        day(0, "noon: play"),
        day(1, "noon: play"),
        BUILD,
        Lost("pcday_log", only_stamp=True),
    ],
    "the only day left out": [day(0, "noon: check"), NOT_LAST],
    "from no log to none": [BUILD, day(0, "noon: vote", "next midnight: read"), BUILD, day(0)],
    "the last day is that of the newest log, not of the newest event": [
        day(0, "noon: play", "next midnight: play"),
        NOT_LAST,
    ],
    "a day is cut, and goes with all it had": [
        day(0, "noon: play", "two days on: play"),
        BUILD,
        Halve(0),
        BUILD,
        day(0),
    ],
}
WITHDRAWN: Sequence[Step] = [
    day(1, "noon: play", "noon: submit", "next midnight: read"),
    BUILD,
    day(2, "noon: vote", "noon: assess"),
    BUILD,
    day(1),
]
"""A day that holds an event of the next is withdrawn, and what says which problem a response is of."""


@pytest.mark.parametrize("name", SEQUENCES)
def test_increments_end_as_a_build_of_everything(name: str) -> None:
    play(SEQUENCES[name], by_date())


def test_a_range_leaves_what_its_dates_say_as_it_is() -> None:
    """A download inside is in the language chosen before, the first gap is to the event before."""
    names = ("pcday_trlang_events", "pcday_trlang_counts", "pcday_log", "time_on_task")
    tables = [registry()[name] for name in names]
    state = State(
        {
            0: day(0, "noon: choose zh", "last: play").events,
            1: day(1, "10 s: play", "noon: download").events,
            2: day(2, "noon: download", "noon: play").events,
        }
    )
    with site(tables) as whole, site(tables) as cut:
        for one, options in ((whole, ALL), (cut, Options(1, 1, False))):
            one.deliver(state)
            one.build(options, BUILD)
        inside = FIRST_DAY + timedelta(1)
        for table in tables:
            name = whole.context(ALL).name(table, COURSE)
            wanted = whole.warehouse.dates(name)[inside]
            held = cut.warehouse.dates(name)
            assert wanted.rows and held[inside] == wanted, table.name
            assert set(held) - {inside} == ({FIRST_DAY} if table.name in KEPT_BEFORE_A_RANGE else set())
        counts = cut.context(ALL).name(registry()["pcday_trlang_counts"], COURSE)
        assert list(cut.warehouse.read(counts, ["resource_event_data", "langcount"])) == [("zh", 1)]


@settings(
    max_examples=1,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
@given(steps())
@example(list(WITHDRAWN))
def test_any_sequence_of_increments_ends_as_a_build_of_everything(sequence: list[Step]) -> None:
    play(sequence, reached())
