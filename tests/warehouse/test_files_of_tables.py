"""The files of the embedded warehouse: which are read, which are damaged, whatever their folder is called."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from edxtasks.errors import InputError, MachineError, UserError
from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import (
    BuildInfo,
    Dates,
    DatesOf,
    DateState,
    Integrity,
    Query,
    ResourceLimits,
    TableName,
    Tables,
)
from edxtasks.warehouse.catalog import open_views
from edxtasks.warehouse.checks import TableChecks
from edxtasks.warehouse.parquet import ParquetWarehouse, building, loader, months
from edxtasks.warehouse.parquet.footer import DamagedFileError, read_footer
from edxtasks.warehouse.parquet.seals import broken_seal, is_sealed
from edxtasks.warehouse.rows import JsonLines, ParquetFiles
from edxtasks.warehouse.schema import schema

NUMBERS = schema("n INTEGER -- number\nword STRING -- word")
DAILY = schema("date DATE -- day\nn INTEGER -- number")
D1, D2 = date(2015, 9, 30), date(2015, 10, 1)

NUMBERS_NAME = TableName("campus", "numbers")
DAILY_NAME = TableName("campus", "daily")
DAILY_SQL = "SELECT\n  DATE '2015-09-30' AS date, -- DATE: day\n  n, -- INTEGER: number\nFROM numbers"


@pytest.fixture
def warehouse(tmp_path: Path) -> ParquetWarehouse:
    """A warehouse with a table of three rows, and a table by date with one row on 30 September."""
    return filled(tmp_path / "warehouse")


def filled(folder: Path) -> ParquetWarehouse:
    warehouse = ParquetWarehouse(folder)
    rows = [{"n": number, "word": f"word {number}"} for number in (1, 2, 3)]
    warehouse.load(NUMBERS_NAME, NUMBERS, rows, BuildInfo("stamp"))
    build_dates(warehouse, {D1: "first"})
    return warehouse


def query(columns: str, source: TableName = NUMBERS_NAME) -> Query:
    inputs = {"numbers": Tables((source,), NUMBERS)}
    return Query(f"SELECT\n  SUM(n) AS {columns}, -- INTEGER: sum\nFROM numbers", inputs, {}, TOTAL)


TOTAL = schema("total INTEGER -- sum")


def build_dates(warehouse: ParquetWarehouse, stamps: dict[date, str], keep: tuple[date, ...] = ()) -> None:
    made = Query(DAILY_SQL + " WHERE n = 3", {"numbers": Tables((NUMBERS_NAME,), NUMBERS)}, {}, DAILY)
    warehouse.create_dates(DAILY_NAME, DAILY, "date", [Dates(made, stamps)], keep, BuildInfo("recipe"))


def foreign(path: Path, sql: str) -> None:
    """A Parquet file that somebody else wrote."""
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0x41
    path.write_bytes(content)


# Paths


@pytest.mark.parametrize(
    ("folder", "sibling"),
    [
        ("w[1]", "w1"),
        ("w*", "wx"),
        ("w?", "wx"),
        ("w[!x]", "wy"),
        ("**", "wx"),
        ("[", "x"),
        ("it's", "its"),
        ('"quoted"', "quoted"),
        ("50% {a,b}", "50% a"),
        ("ein Bäumchen ", "ein Baumchen"),
        ("a\\b", "ab"),
        ("year=2015", "2015"),
        ("$HOME ~ #1;--", "x"),
    ],
)
def test_a_folder_is_itself_whatever_its_name(tmp_path: Path, folder: str, sibling: str) -> None:
    decoy = ParquetWarehouse(tmp_path / sibling)
    decoy.load(NUMBERS_NAME, NUMBERS, [{"n": 1000}], BuildInfo("other"))
    shutil.copytree(tmp_path / sibling / "campus", tmp_path / sibling / "campus2")
    lines = tmp_path / sibling / "lines.json"
    lines.write_text('{"n":1000}\n')

    warehouse = filled(tmp_path / folder)
    assert sorted(warehouse.read(NUMBERS_NAME, ["n"])) == [(1,), (2,), (3,)]
    assert list(warehouse.read(DAILY_NAME)) == [(D1, 3)]
    total = TableName("campus", "total")
    assert warehouse.create(total, query("total"), BuildInfo("s")).rows == 1
    assert list(warehouse.read(total)) == [(6,)]
    lines = tmp_path / folder / "lines.json"
    lines.write_text('{"n":7}\n')
    warehouse.load(total, TOTAL_OF_LINES, JsonLines((lines,)), BuildInfo("s"))
    assert list(warehouse.read(total)) == [(7,)]
    packed = tmp_path / folder / "lines.json.gz"
    packed.write_bytes(gzip.compress(b'{"n":8}\n'))
    warehouse.load(total, TOTAL_OF_LINES, JsonLines((packed,)), BuildInfo("s"))
    assert list(warehouse.read(total)) == [(8,)]
    packed.write_bytes(gzip.compress(b'{"n":8}\n{"n":"nine"}\n'))
    with pytest.raises(InputError) as refused:
        warehouse.load(total, TOTAL_OF_LINES, JsonLines((packed,)), BuildInfo("s"))
    assert str(refused.value).startswith(f"{packed}, line 2: expected a JSON object")
    warehouse.load(
        total, NUMBERS, ParquetFiles((warehouse.location(NUMBERS_NAME, partitioned=False),)), BuildInfo("s")
    )
    assert len(list(warehouse.read(total))) == 3
    assert warehouse.forget(NUMBERS_NAME)
    assert sorted(warehouse.read(NUMBERS_NAME, ["n"])) == [(1,), (2,), (3,)]
    connection, remarks = open_views(tmp_path / folder, Scratch([tmp_path / folder / "scratch"]))
    assert connection.execute("SELECT sum(n) FROM campus.numbers").fetchall() == [(6,)]
    assert remarks == []


TOTAL_OF_LINES = schema("n INTEGER -- number")


def test_what_does_not_fit_in_memory_goes_to_a_folder_of_any_name(tmp_path: Path) -> None:
    scratch = Scratch([tmp_path / "it's [1] *"])
    warehouse = ParquetWarehouse(tmp_path / "warehouse", ResourceLimits(1, "60MB"), scratch)
    warehouse.session.connection.execute(
        "CREATE TEMP TABLE much AS SELECT i, hash(i) AS h, i || repeat('x', 40) AS s "
        "FROM range(1000000) AS t(i)"
    )
    assert any(scratch.path.glob("spill-*/duckdb_temp*"))
    warehouse.session.close()
    scratch.close()


def test_the_one_kind_of_folder_that_duckdb_cannot_read_from_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rename the folder"):
        filled(tmp_path / "a\\b[1]")


@pytest.mark.parametrize("dataset", ["_____________1__2016______", "___1", "MITx__2_03x__3T2013"])
def test_every_name_of_a_dataset_shows(tmp_path: Path, dataset: str) -> None:
    warehouse = ParquetWarehouse(tmp_path)
    warehouse.load(TableName(dataset, "numbers"), NUMBERS, [{"n": 1}], BuildInfo("s"))
    (tmp_path / "no name of ours").mkdir()
    (tmp_path / ".hidden").mkdir()
    assert warehouse.datasets() == [dataset]
    connection, _ = open_views(tmp_path, Scratch([tmp_path / "_edxtasks" / "scratch"]))
    assert connection.execute(f'SELECT n FROM "{dataset}".numbers').fetchall() == [(1,)]


# Strays


@pytest.mark.parametrize("name", ["month=2015-09 (copy).parquet", "month=2015-11.parquet", "mine.parquet"])
def test_a_stray_file_is_not_read_and_told(warehouse: ParquetWarehouse, name: str) -> None:
    folder = warehouse.location(DAILY_NAME, partitioned=True)
    before = warehouse.states("campus")["daily"], dict(warehouse.dates(DAILY_NAME))
    stray = folder / name
    if name == "mine.parquet":
        foreign(stray, "SELECT DATE '2015-09-30' AS date, 99 AS n")
    else:
        shutil.copy(folder / "month=2015-09.parquet", stray)
    warehouse.refresh_all()
    assert (warehouse.states("campus")["daily"], dict(warehouse.dates(DAILY_NAME))) == before
    assert list(warehouse.read(DAILY_NAME)) == [(D1, 3)]
    source = DatesOf(DAILY_NAME, DAILY, "date", D1, date(2015, 12, 31))
    made = Query("SELECT\n  SUM(n) AS total, -- INTEGER: sum\nFROM daily", {"daily": source}, {}, TOTAL)
    total = TableName("campus", "total")
    warehouse.create(total, made, BuildInfo("s"))
    assert list(warehouse.read(total)) == [(3,)]
    assert any(str(stray) in remark and "not read" in remark for remark in warehouse.remarks())
    stray.unlink()
    warehouse.refresh_all()
    _ = warehouse.states("campus")
    assert warehouse.remarks() == []


def test_what_is_not_ours_is_never_removed(warehouse: ParquetWarehouse) -> None:
    folder = warehouse.location(DAILY_NAME, partitioned=True)
    strays = [folder / "month=2015-10.parquet", folder / "month=2015-08.parquet", folder / "no_dates.parquet"]
    strays += [folder.with_suffix(".parquet"), folder / "month=2015-12.parquet"]
    for stray in strays[:-1]:
        foreign(stray, "SELECT DATE '2015-09-30' AS date, 99 AS n")
    shutil.copy(folder / "month=2015-09.parquet", strays[-1])
    contents = {stray: stray.read_bytes() for stray in strays}
    warehouse.refresh_all()
    build_dates(warehouse, {D1: "second"})
    assert warehouse.dates(DAILY_NAME)[D1].stamp == "second"
    # A month whose place is taken, and a table without dates whose file's is: both fail, and change nothing.
    with pytest.raises(InputError, match=r"month=2015-10\.parquet: edxtasks did not make this file"):
        build_dates(warehouse, {D1: "third", D2: "third"})
    with pytest.raises(InputError, match=r"no_dates\.parquet: edxtasks did not make this file"):
        build_dates(warehouse, {})
    with pytest.raises(InputError, match=r"daily\.parquet: edxtasks did not make this file"):
        warehouse.load(DAILY_NAME, DAILY, [], BuildInfo("whole"))
    assert list(warehouse.read(DAILY_NAME)) == [(D1, 3)]
    warehouse.set_aside(DAILY_NAME)
    warehouse.drop_aside(DAILY_NAME)
    assert {stray: stray.read_bytes() for stray in contents} == contents


def test_a_month_that_was_removed_is_missed(warehouse: ParquetWarehouse) -> None:
    build_dates(warehouse, {D2: "second"}, keep=(D1,))
    (warehouse.location(DAILY_NAME, partitioned=True) / "month=2015-09.parquet").unlink()
    warehouse.refresh_all()
    assert list(warehouse.dates(DAILY_NAME)) == [D2]


# Tables of somebody else


def test_a_file_of_somebody_else_has_the_rows_of_its_metadata(tmp_path: Path) -> None:
    foreign(tmp_path / "campus" / "numbers.parquet", "SELECT i AS n, {'a': i} AS deep FROM range(70000) t(i)")
    foreign(tmp_path / "campus" / "nothing.parquet", "SELECT 1 AS n WHERE false")
    warehouse = ParquetWarehouse(tmp_path)
    states = warehouse.states("campus")
    assert {name: (one.stamp, one.rows) for name, one in states.items()} == {
        "numbers": (None, 70000),
        "nothing": (None, 0),
    }
    info = warehouse.info(NUMBERS_NAME)
    assert info is not None and info.rows == 70000


def test_a_folder_of_somebody_else_is_one_table(tmp_path: Path) -> None:
    for number in (1, 2):
        foreign(
            tmp_path / "campus" / "numbers" / f"part-{number}.parquet", f"SELECT {number} AS n, 'x' AS word"
        )
    warehouse = ParquetWarehouse(tmp_path)
    state = warehouse.states("campus")["numbers"]
    assert (state.stamp, state.rows, state.partitioned) == (None, 2, False)
    assert sorted(warehouse.read(NUMBERS_NAME, ["n"])) == [(1,), (2,)]
    warehouse.load(NUMBERS_NAME, NUMBERS, [{"n": 5}], BuildInfo("ours"))
    assert list(warehouse.read(NUMBERS_NAME, ["n"])) == [(5,)]
    assert sorted(path.name for path in (tmp_path / "campus").iterdir()) == ["_edxtasks", "numbers.parquet"]


def test_a_file_of_somebody_else_gives_way_to_our_table_by_date(warehouse: ParquetWarehouse) -> None:
    single = warehouse.location(DAILY_NAME, partitioned=False)
    shutil.rmtree(warehouse.location(DAILY_NAME, partitioned=True))
    foreign(single, "SELECT DATE '2001-01-01' AS date, 99 AS n")
    warehouse.refresh_all()
    assert warehouse.states("campus")["daily"].rows == 1
    assert not warehouse.states("campus")["daily"].partitioned
    build_dates(warehouse, {D1: "first"})
    assert not single.exists()
    assert list(warehouse.read(DAILY_NAME)) == [(D1, 3)]


def test_beside_our_table_a_file_of_somebody_else_is_not_read(warehouse: ParquetWarehouse) -> None:
    single = warehouse.location(DAILY_NAME, partitioned=False)
    foreign(single, "SELECT DATE '2001-01-01' AS date, 99 AS n")
    warehouse.refresh_all()
    assert warehouse.states("campus")["daily"].stamp == "recipe"
    assert list(warehouse.read(DAILY_NAME)) == [(D1, 3)]
    assert any(str(single) in remark for remark in warehouse.remarks())


@pytest.mark.parametrize("content", [b"", b"hello", b"x" * 500, b"PAR1" + b"\xff" * 100 + b"\x40\0\0\0PAR1"])
def test_what_is_no_parquet_file_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "campus" / "numbers.parquet"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DamagedFileError):
        read_footer(path).rows()
    state = ParquetWarehouse(tmp_path).states("campus")["numbers"]
    assert (state.stamp, state.rows) == (None, 0)
    assert state.fault


# Damage


def test_a_damaged_file_is_named_and_its_table_stale_until_it_is_made_anew(
    warehouse: ParquetWarehouse,
) -> None:
    path = warehouse.location(NUMBERS_NAME, partitioned=False)
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + bytes(200) + content[204:])
    warehouse.refresh_all()
    assert warehouse.states("campus")["numbers"].stamp == "stamp"  # its footer is in order
    total = TableName("campus", "total")
    with pytest.raises(InputError) as caught:
        warehouse.create(total, query("total"), BuildInfo("s"))
    assert str(path) in str(caught.value) and "damaged" in str(caught.value)
    fresh = ParquetWarehouse(warehouse.folder)  # as the next run sees it
    state = fresh.states("campus")["numbers"]
    assert state.stamp is None and state.fault
    fresh.load(NUMBERS_NAME, NUMBERS, [{"n": 4}], BuildInfo("again"))
    assert fresh.states("campus")["numbers"].stamp == "again"
    assert fresh.create(total, query("total"), BuildInfo("s")).rows == 1
    assert not (warehouse.folder / "campus" / "_edxtasks" / "damaged.json").exists()


def test_a_damaged_month_makes_its_dates_stale_and_no_others(warehouse: ParquetWarehouse) -> None:
    folder = warehouse.location(DAILY_NAME, partitioned=True)
    october = Query(
        DAILY_SQL.replace("2015-09-30", "2015-10-01"),
        {"numbers": Tables((NUMBERS_NAME,), NUMBERS)},
        {},
        DAILY,
    )
    warehouse.create_dates(DAILY_NAME, DAILY, "date", [Dates(october, {D2: "b"})], [D1], BuildInfo("recipe"))
    path = folder / "month=2015-10.parquet"
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + bytes(40) + content[44:])
    warehouse.refresh_all()
    with pytest.raises(InputError, match="month=2015-10"):
        list(warehouse.read(DAILY_NAME))
    assert {day: state.stamp for day, state in warehouse.dates(DAILY_NAME).items()} == {D1: "first", D2: None}
    warehouse.create_dates(DAILY_NAME, DAILY, "date", [Dates(october, {D2: "c"})], [D1], BuildInfo("recipe"))
    assert sorted(warehouse.read(DAILY_NAME, ["n"])) == [(1,), (2,), (3,), (3,)]
    assert warehouse.states("campus")["daily"].stamp == "recipe"


def test_files_of_several_builds_are_made_one_by_a_build_of_no_dates(warehouse: ParquetWarehouse) -> None:
    october = Query(
        DAILY_SQL.replace("2015-09-30", "2015-10-01"),
        {"numbers": Tables((NUMBERS_NAME,), NUMBERS)},
        {},
        DAILY,
    )
    # As where a build under another recipe ended before it came to the first month.
    warehouse.create_dates(DAILY_NAME, DAILY, "date", [Dates(october, {D2: "b"})], [D1], BuildInfo("another"))
    assert warehouse.states("campus")["daily"].stamp is None
    warehouse.create_dates(DAILY_NAME, DAILY, "date", [], [D1, D2], BuildInfo("another"))
    assert warehouse.states("campus")["daily"].stamp == "another"
    assert {day: state.stamp for day, state in warehouse.dates(DAILY_NAME).items()} == {D1: "first", D2: "b"}
    assert len(list(warehouse.read(DAILY_NAME, ["n"]))) == 4


def test_forget_heeds_a_damaged_table(warehouse: ParquetWarehouse) -> None:
    path = warehouse.location(NUMBERS_NAME, partitioned=False)
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + bytes(200) + content[204:])
    assert warehouse.forget(NUMBERS_NAME)
    assert warehouse.states("campus")["numbers"].stamp is None


def test_an_unreadable_neighbour_holds_up_nobody(warehouse: ParquetWarehouse) -> None:
    bad = warehouse.folder / "campus" / "loop.parquet"
    bad.symlink_to(bad.name)  # whoever opens it gets an error, also the superuser
    (warehouse.folder / "campus" / "dangling.parquet").symlink_to("nowhere")
    warehouse.refresh_all()
    states = warehouse.states("campus")
    assert states["numbers"].stamp == "stamp"
    assert "symbolic links" in states["loop"].fault and states["dangling"].fault
    assert warehouse.create(TableName("campus", "total"), query("total"), BuildInfo("s")).rows == 1
    connection, remarks = open_views(warehouse.folder, Scratch([warehouse.folder / "_edxtasks" / "scratch"]))
    assert connection.execute("SELECT count(*) FROM campus.numbers").fetchall() == [(3,)]
    assert len(remarks) == 2
    loop = TableName("campus", "loop")
    warehouse.load(loop, NUMBERS, [{"n": 1}], BuildInfo("made"))
    assert warehouse.states("campus")["loop"].stamp == "made"


@pytest.mark.parametrize("again", [False, True])
def test_a_dataset_that_is_removed_during_a_run_is_no_empty_one(
    warehouse: ParquetWarehouse, again: bool
) -> None:
    # Moved away, not deleted: a file system may give the number of a deleted folder to the next one.
    (warehouse.folder / "campus").rename(warehouse.folder.with_name("away"))
    if again:
        filled(warehouse.folder)
    warehouse.refresh_all()
    with pytest.raises(UserError, match="removed or replaced"):
        warehouse.states("campus")


def test_a_table_that_is_removed_during_a_run_is_no_empty_one(warehouse: ParquetWarehouse) -> None:
    warehouse.location(NUMBERS_NAME, partitioned=False).unlink()
    with pytest.raises(UserError, match=r"campus\.numbers"):
        warehouse.create(TableName("campus", "total"), query("total"), BuildInfo("s"))


# The machine


def test_too_little_memory_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder: nothing can be spilled")
    warehouse = ParquetWarehouse(
        tmp_path / "warehouse", ResourceLimits(1, "40MB"), Scratch([tmp_path / "file"])
    )
    foreign(
        tmp_path / "big.parquet", "SELECT i AS n, repeat(md5(i::VARCHAR), 20) AS word FROM range(100000) t(i)"
    )
    with pytest.raises(MachineError, match="memory_limit"):
        warehouse.load(NUMBERS_NAME, NUMBERS, ParquetFiles((tmp_path / "big.parquet",)), BuildInfo("s"))


def test_a_full_disk_is_told_and_blames_no_file(tmp_path: Path) -> None:
    code = f"""if True:
        import resource, signal
        from pathlib import Path
        from edxtasks.errors import MachineError
        from edxtasks.warehouse.base import BuildInfo, TableName
        from edxtasks.warehouse.parquet import ParquetWarehouse
        from edxtasks.warehouse.rows import JsonLines
        from edxtasks.warehouse.schema import schema
        lines = Path({str(tmp_path / "lines.json")!r})
        lines.write_text("".join('{{"n":%d}}\\n' % (number * 7919 % 100003) for number in range(60000)))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # every longer file is refused
        warehouse = ParquetWarehouse(Path({str(tmp_path / "warehouse")!r}))
        try:
            name = TableName("campus", "numbers")
            warehouse.load(name, schema("n INTEGER"), JsonLines((lines,)), BuildInfo("s"))
        except MachineError as error:
            print(error)
        print(sorted(path.name for path in (warehouse.folder / "campus").rglob("*.parquet")))
        print([path.name for path in (warehouse.folder / "campus").rglob(".edxtasks-*")])
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    told, tables, left = done.stdout.splitlines()
    assert "File too large" in told and "lines.json" not in told
    assert (tables, left) == ("[]", "[]")


def test_a_user_without_a_name_builds_too(
    warehouse: ParquetWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)

    def nobody(number: int) -> object:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert warehouse.load(NUMBERS_NAME, NUMBERS, [{"n": 1}], BuildInfo("s")).rows == 1
    assert str(os.getuid()) in (warehouse.folder / "campus" / "_edxtasks" / "numbers.json").read_text()


def test_dates_of_a_cached_listing_are_those_of_the_footers(warehouse: ParquetWarehouse) -> None:
    cached = ParquetWarehouse(warehouse.folder).dates(DAILY_NAME)
    shutil.rmtree(warehouse.folder / "campus" / "_edxtasks")
    assert ParquetWarehouse(warehouse.folder).dates(DAILY_NAME) == cached
    [(day, state)] = cached.items()
    assert (day, state) == (D1, DateState("first", state.version, 1))


def test_no_table_was_changed_before_it_was_made(warehouse: ParquetWarehouse) -> None:
    """The system gives files the time of its last tick, which may be before the build began."""
    before = warehouse.info(NUMBERS_NAME)
    assert before is not None
    tick = before.created - 0.004
    os.utime(warehouse.location(NUMBERS_NAME, partitioned=False), (tick, tick))
    after = warehouse.info(NUMBERS_NAME)
    assert after is not None
    assert after.created == after.modified == before.created


def test_a_session_holds_to_less_memory_and_fewer_threads_for_a_while(tmp_path: Path) -> None:
    session = ParquetWarehouse(tmp_path / "warehouse", ResourceLimits(4, "4GB")).session

    def settings() -> tuple[object, ...] | None:
        return session.connection.execute(
            "SELECT current_setting('memory_limit'), current_setting('threads')"
        ).fetchone()

    assert session.hold_to(64, 2) is True
    assert settings() == ("64.0 MiB", 2)
    assert session.hold_to(32, 1) is False, "it is held already"
    assert session.let_go() is True
    assert settings() == ("3.7 GiB", 4)
    assert session.hold_to(64, 8) is True
    assert settings() == ("64.0 MiB", 4)
    assert session.let_go() is True
    session.connection.execute("SET memory_limit = '32MiB'")
    assert session.hold_to(64, 2) is False, "what may take less already is not given more"
    assert session.let_go() is False
    assert settings() == ("32.0 MiB", 4)


@pytest.mark.parametrize(
    ("held", "label"),
    [
        ("MEMORY_HELD", BuildInfo("x")),
        ("MEMORY_OF_LARGE_DAY", BuildInfo("x", version="5000:1", rows=5000)),
    ],
)
def test_rows_that_need_more_memory_than_is_held_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str, label: BuildInfo
) -> None:
    """Ten megabytes of rows, whose number is known beforehand or not."""
    monkeypatch.setattr(loader, held, 1)
    warehouse = ParquetWarehouse(tmp_path / "warehouse", ResourceLimits(2, "1GB"))
    rows = [{"id": number, "text": "é" * 1000} for number in range(5000)]
    name, columns = TableName("d", "t"), schema("id INTEGER -- i\ntext STRING -- t")
    assert warehouse.load(name, columns, rows, label).rows == 5000
    shown = warehouse.session.connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert shown == ("953.6 MiB",)


# Checksums


def flip_bit(path: Path, bit: int) -> None:
    """Flip a bit; size and time stay."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def is_known(path: Path) -> bool:
    """Whether a file is one of ours with a checksum: else it is stale, or health tells that it has none."""
    return "crc" in (read_footer(path).pair or {})


def test_every_flipped_bit_of_a_table_is_found(tmp_path: Path) -> None:
    warehouse = filled(tmp_path / "warehouse")
    path = warehouse.location(NUMBERS_NAME, partitioned=False)
    assert warehouse.verify(NUMBERS_NAME) == Integrity()
    size = path.stat().st_size
    for bit in range(0, 8 * size, 37):
        flip_bit(path, bit)
        assert broken_seal(path) or not is_known(path), bit
        flip_bit(path, bit)
    assert broken_seal(path) == "" and is_sealed(path)


def test_a_flipped_bit_is_found_by_whoever_reads_the_table_and_the_next_run_rebuilds_it(
    tmp_path: Path,
) -> None:
    folder = filled(tmp_path / "warehouse").folder
    path = folder / "campus" / "numbers.parquet"
    flip_bit(path, 8 * 30)
    warehouse = ParquetWarehouse(folder)
    assert warehouse.states("campus")["numbers"].stamp == "stamp"
    with pytest.raises(InputError, match=r"numbers\.parquet \(its checksum is not that of its bytes"):
        warehouse.create(TableName("campus", "total"), query("total"), BuildInfo("s"))
    assert ParquetWarehouse(folder).states("campus")["numbers"].stamp is None


def test_verifying_names_the_files_and_makes_their_table_stale(tmp_path: Path) -> None:
    folder = filled(tmp_path / "warehouse").folder
    flip_bit(folder / "campus" / "daily" / "month=2015-09.parquet", 8 * 20)
    warehouse = ParquetWarehouse(folder)
    assert "month=2015-09.parquet" in warehouse.verify(DAILY_NAME).fault
    assert ParquetWarehouse(folder).dates(DAILY_NAME)[D1].stamp is None
    foreign(folder / "campus" / "theirs.parquet", "SELECT 1 AS n")
    assert warehouse.verify(TableName("campus", "theirs")) == Integrity()
    duckdb.execute(
        f"COPY (SELECT 1 AS n) TO '{folder}/campus/old.parquet' "
        """(FORMAT parquet, KV_METADATA {edxtasks: '{"stamp":"s","version":"1:1","rows":1}'})"""
    )
    warehouse.refresh_all()
    assert warehouse.verify(TableName("campus", "old")) == Integrity(verified=False)


def test_rows_of_a_month_that_changed_are_not_kept_in_its_new_file(tmp_path: Path) -> None:
    warehouse = filled(tmp_path / "warehouse")
    day = date(2015, 9, 1)
    more = Query(
        DAILY_SQL.replace("2015-09-30", "2015-09-01"),
        {"numbers": Tables((NUMBERS_NAME,), NUMBERS)},
        {},
        DAILY,
    )
    flip_bit(warehouse.folder / "campus" / "daily" / "month=2015-09.parquet", 8 * 20)
    with pytest.raises(InputError, match="month=2015-09"):
        warehouse.create_dates(DAILY_NAME, DAILY, "date", [Dates(more, {day: "b"})], [D1], BuildInfo("r"))
    again = ParquetWarehouse(warehouse.folder)
    both = query_of_two_days(day, D1)
    again.create_dates(DAILY_NAME, DAILY, "date", [Dates(both, {day: "b", D1: "b"})], [], BuildInfo("r"))
    assert len(list(again.read(DAILY_NAME))) == 6


def test_a_month_that_cannot_be_read_is_rebuilt_where_the_grain_is_looked_at_over_all_dates(
    tmp_path: Path,
) -> None:
    """The grain lacks the date, so that kept months are read: not the one that is replaced."""
    warehouse, name = filled(tmp_path / "warehouse"), TableName("campus", "marks")
    columns, checks = schema("date DATE -- day\nmark INTEGER -- mark"), TableChecks("marks", ("mark",))
    parts = []
    for day, more in ((D1, 0), (D2, 10)):
        mark = f"n + {more} AS mark, -- INTEGER: mark"
        sql = f"SELECT\n  DATE '{day}' AS date, -- DATE: day\n  {mark}\nFROM numbers"
        parts.append(
            Dates(Query(sql, {"numbers": Tables((NUMBERS_NAME,), NUMBERS)}, {}, columns), {day: "a"})
        )
    warehouse.create_dates(name, columns, "date", parts, [], BuildInfo("r"), checks)
    path = warehouse.folder / "campus" / "marks" / "month=2015-10.parquet"
    flip(path, path.stat().st_size - 9)  # the end of the metadata: nobody can open it
    again = ParquetWarehouse(warehouse.folder)
    assert again.verify(name).fault
    assert again.dates(name)[D2].stamp is None
    again.create_dates(name, columns, "date", parts[1:], [D1], BuildInfo("r"), checks)
    assert sorted(again.read(name, ["mark"])) == [(1,), (2,), (3,), (11,), (12,), (13,)]


def query_of_two_days(first: date, second: date) -> Query:
    days = f"UNNEST([DATE '{first}', DATE '{second}']) AS date"
    sql = f"SELECT\n  date, -- DATE: day\n  n, -- INTEGER: number\nFROM numbers CROSS JOIN {days}"
    return Query(sql, {"numbers": Tables((NUMBERS_NAME,), NUMBERS)}, {}, DAILY)


# Notes


@pytest.mark.parametrize("content", [b'{"built": "2014', b"[]", b"", b"\xff"])
def test_a_damaged_note_is_told_and_the_next_build_writes_it_anew(tmp_path: Path, content: bytes) -> None:
    folder = filled(tmp_path / "warehouse").folder
    note = folder / "campus" / "_edxtasks" / "numbers.json"
    note.write_bytes(content)
    warehouse = ParquetWarehouse(folder)
    assert warehouse.remarks() == []
    assert warehouse.parts(NUMBERS_NAME) == {}
    (told,) = warehouse.remarks()
    assert told.startswith(f"{note} is damaged")
    assert warehouse.verify(NUMBERS_NAME).note == told
    warehouse.load(NUMBERS_NAME, NUMBERS, [{"n": 1}], BuildInfo("stamp", parts={"recipe": "r"}))
    assert warehouse.parts(NUMBERS_NAME) == {"recipe": "r"}
    assert ParquetWarehouse(folder).verify(NUMBERS_NAME) == Integrity()


def test_a_damaged_note_of_the_owner_is_told(tmp_path: Path) -> None:
    warehouse = filled(tmp_path / "warehouse")
    warehouse.note_owner("campus", "MITx/1/1")
    owner = warehouse.folder / "campus" / "_edxtasks" / "owner.json"
    owner.write_bytes(owner.read_bytes()[:-1])
    again = ParquetWarehouse(warehouse.folder)
    assert again.other_owner("campus", "MITx/1/1") is None
    assert again.remarks()[0].startswith(f"{owner} was damaged")
    again.note_owner("campus", "MITx/1/1")
    assert ParquetWarehouse(warehouse.folder).other_owner("campus", "UniX/1/1") == "MITx/1/1"


def test_a_build_whose_note_cannot_be_written_leaves_the_table(tmp_path: Path) -> None:
    warehouse = filled(tmp_path / "warehouse")
    note = warehouse.folder / "campus" / "_edxtasks" / "numbers.json"
    content = note.read_bytes()
    with pytest.raises(InputError):  # a build that fails leaves the note too
        warehouse.load(NUMBERS_NAME, NUMBERS, JsonLines((tmp_path / "absent.json",)), BuildInfo("other"))
    assert note.read_bytes() == content
    note.unlink()
    note.mkdir()  # in place of a full disk
    with pytest.raises(UserError, match=r"numbers\.json: expected the name of a file"):
        warehouse.load(NUMBERS_NAME, NUMBERS, [{"n": 9}], BuildInfo("other"))
    assert ParquetWarehouse(warehouse.folder).states("campus")["numbers"].stamp == "stamp"
    assert not list(note.parent.glob(".edxtasks-*"))


class KilledError(BaseException):
    """In place of a signal that ends the process between two steps."""


@pytest.mark.parametrize("name", [NUMBERS_NAME, DAILY_NAME], ids=str)
def test_a_build_that_is_killed_leaves_no_new_table_without_its_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: TableName
) -> None:
    """Killed just before the table is replaced, it is stale; when it is there, the note is there already."""
    warehouse = filled(tmp_path)
    note = tmp_path / "campus" / "_edxtasks" / f"{name.table}.json"
    before = note.stat().st_ino  # two notes of one second may say the same
    seen: list[tuple[int, bytes]] = []

    def killed(*of: Path) -> None:
        seen.append((note.stat().st_ino, note.read_bytes()))
        raise KilledError

    for module in (building, months):
        monkeypatch.setattr(module, "publish", killed)
    with pytest.raises(KilledError):
        if name == DAILY_NAME:
            build_dates(warehouse, {D1: "second"})
        else:
            warehouse.load(name, NUMBERS, [{"n": 9}], BuildInfo("second"))
    assert len(seen) == 1
    assert seen[0][0] != before
    assert (note.stat().st_ino, note.read_bytes()) == seen[0]
    state = ParquetWarehouse(tmp_path).states("campus")[name.table]
    assert state.stamp == ("recipe" if name == DAILY_NAME else "stamp")
    assert ParquetWarehouse(tmp_path).dates(DAILY_NAME)[D1].stamp == "first"


@pytest.mark.parametrize("by_name_first", [True, False])
def test_after_a_refresh_tables_are_as_others_have_left_them(tmp_path: Path, by_name_first: bool) -> None:
    """Whether single tables are asked for, or all."""
    ours, other = ParquetWarehouse(tmp_path), ParquetWarehouse(tmp_path)
    for table in ("changed", "gone", "kept"):
        other.load(TableName("campus", table), NUMBERS, [{"n": 1}], BuildInfo("first"))
    assert sorted(ours.states("campus")) == ["changed", "gone", "kept"]
    other.load(TableName("campus", "changed"), NUMBERS, [{"n": 1}, {"n": 2}], BuildInfo("second"))
    other.drop(TableName("campus", "gone"))
    other.load(TableName("campus", "new"), NUMBERS, [], BuildInfo("third"))
    assert "new" not in ours.states("campus")
    ours.refresh("campus")
    found = ours.states("campus")
    names = ("changed", "gone", "kept", "new", "never")
    if by_name_first:
        assert [(found[name].rows if name in found else None) for name in names] == [2, None, 1, 0, None]
    assert {name: (state.stamp, state.rows) for name, state in found.items()} == {
        "changed": ("second", 2),
        "kept": ("first", 1),
        "new": ("third", 0),
    }
    assert [(found[name].rows if name in found else None) for name in names] == [2, None, 1, 0, None]
    assert len(found) == 3 and found
    for table in ("changed", "kept", "new"):
        other.drop(TableName("campus", table))
    ours.refresh("campus")
    assert not ours.states("campus")
