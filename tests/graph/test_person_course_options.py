"""Options of person_course, files for research, and places of addresses without a country."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
from pathlib import Path
from typing import Any

import duckdb
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from product_registry import product_registry
from project import Project

from edxtasks.course import CourseKey

MADE_BY_PERSON_COURSE = {
    "course_facts",
    "course_modal_ip",
    "course_modal_language",
    "language_multi_transcripts",
    "pc_day_totals",
    "pc_forum",
    "pc_geoip",
    "pc_global_modal_ip",
    "pc_modal_ip",
    "pc_nchapters",
    "person_course",
    "person_course_base",
}
"""What `person_course` makes: base and final table, pc_*, the tables of modal IPs and of languages."""

PLACES = [
    "ip", "cc_by_ip", "countryLabel", "continent", "city", "region", "subdivision", "postalCode",
    "un_major_region", "un_economic_group", "un_developing_nation", "un_special_region", "latitude",
    "longitude",
]  # fmt: skip


def query(project: Project, sql: str, table: str) -> list[tuple[Any, ...]]:
    return duckdb.execute(sql, [f"{project.warehouse}/{table}.parquet"]).fetchall()


def city_database(path: Path, **countries: str) -> None:
    """A City database of some networks, by country."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoLite2-City", languages=["en"])
    for number, (country, network) in enumerate(countries.items()):
        record = {
            "country": {"iso_code": country, "names": {"en": f"Country {country}"}},
            "location": {"latitude": float(number), "longitude": 10.5},
        }
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))


def test_force_recompute_makes_the_tables_of_person_course_and_no_inputs(built: Project) -> None:
    course = built.courses[0]
    for words in ([f"person_course:{course}"], ["person_course", "clist=first"]):
        outcome = built.doit(*words, "force_recompute=1")
        assert outcome.built == {f"{table}:{course}" for table in MADE_BY_PERSON_COURSE}, words


def test_skip_geoip_leaves_addresses_and_places_empty(built: Project) -> None:
    course = built.courses[0]
    dataset = CourseKey.parse(course).dataset
    built.doit("forget", *(f"{table}:{course}" for table in ("course_modal_ip", "pc_modal_ip", "pc_geoip")))
    outcome = built.doit("doall", "skip_geoip=1")
    # Besides person_course only what reads it.
    assert {f"person_course:{one}" for one in built.courses} <= outcome.built
    registry = product_registry()
    tables = {task.partition(":")[0] for task in outcome.built}
    assert all("person_course" in {table, *registry[table].inputs} for table in tables), tables
    listed = ", ".join(f"count({name})" for name in PLACES)
    counts = f"SELECT {listed} FROM read_parquet(?)"
    assert query(built, counts, f"{dataset}/person_course") == [(0,) * len(PLACES)]
    built.doit("doall")
    assert query(built, "SELECT count(ip) > 0 FROM read_parquet(?)", f"{dataset}/person_course") == [(True,)]


def test_just_do_geoip_locates_anew_and_looks_at_nothing_else(built: Project) -> None:
    course = built.courses[0]
    changed = ("user_info_combo", "pcday_log", "pc_day_totals", "pc_modal_ip")
    built.doit("forget", *(f"{table}:{course}" for table in changed))
    outcome = built.doit(f"person_course:{course}", "just_do_geoip=1")
    assert outcome.built == {f"pc_geoip:{course}", f"person_course:{course}"}


def test_just_do_nightly_does_not_look_at_the_dump(built: Project) -> None:
    course = built.courses[0]
    built.doit("forget", *(f"{table}:{course}" for table in ("roles", "person_course_base", "pc_day_totals")))
    outcome = built.doit(f"person_course:{course}", "just_do_nightly=1")
    assert outcome.built == {f"pc_day_totals:{course}"}


def test_skip_if_exists_leaves_an_old_table_alone(built: Project) -> None:
    first, second = map(CourseKey.parse, built.courses)
    built.doit("forget", "person_course")
    (built.warehouse / second.dataset / "person_course.parquet").unlink()
    assert built.doit("person_course", "skip_if_exists=1").built == {f"person_course:{second}"}
    assert built.doit("person_course").built == {f"person_course:{first}"}


# research


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))


def words_after(mark: str, text: str) -> set[str]:
    """The words on the first line that has `mark`, behind it."""
    line = next(line for line in text.splitlines() if mark in line)
    return set(re.findall(r"[\w.]+", line.partition(mark)[2]))


def test_research_exports_what_exists_as_it_stands(built: Project) -> None:
    course = CourseKey.parse(built.courses[0])
    built.doit("forget", f"pcday_log:{course}")
    (built.warehouse / course.dataset / "time_on_task_totals.parquet").unlink()
    outcome = built.doit(f"research:{course}")
    assert outcome.built == {f"research:{course}"}, "it builds no table"
    absent = words_after("not exported, since they do not exist: ", outcome.err)
    assert "time_on_task_totals" in absent
    folder = built.folder / "storage" / course.directory / "latest"
    files = {path.name for path in folder.iterdir() if path.is_file()}
    there = {path.name.removesuffix(".parquet") for path in (built.warehouse / course.dataset).iterdir()}
    assert not absent & there
    assert {
        "time_on_task.csv.gz",
        "problem_check.csv.gz",
        "person_course_day.csv.gz",
        "forum.csv.gz",
    } <= files
    assert not {f"{name}.csv.gz" for name in absent} & files
    dump = next((built.folder / "SQL" / course.package_prefix).iterdir())
    assert (folder / "forum.csv.gz").read_bytes() == (dump / "forum.csv.gz").read_bytes()
    found = csv_rows(folder / "person_course_day.csv.gz")
    source = f"{course.dataset}/person_course_day/*"
    expected = query(
        built,
        "SELECT username, date, nevents, sum_dt FROM read_parquet(?) ORDER BY username, course_id, date",
        source,
    )
    assert [(one["username"], one["date"], one["nevents"]) for one in found] == [
        (username, date.isoformat(), str(nevents)) for username, date, nevents, _ in expected
    ]
    assert [one["sum_dt"] for one in found] == ["" if row[3] is None else repr(row[3]) for row in expected]


def test_research_exports_again_what_has_changed(built: Project) -> None:
    course = CourseKey.parse(built.courses[0])
    built.doit(f"research:{course}")
    folder = built.folder / "storage" / course.directory / "latest"
    before = {path.name: path.read_bytes() for path in folder.glob("*.csv.gz")}
    all_dates = {row["date"] for row in csv_rows(folder / "person_course_day.csv.gz")}
    assert built.doit(f"research:{course}").built == set()
    (folder / "forum.csv.gz").unlink()
    # Both are targets: the table comes first, and what is exported is the new one.
    outcome = built.doit(f"person_day:{course}", f"research:{course}", "end_date=2014-10-13")
    assert f"research:{course}" in outcome.built
    exported = words_after(f"research:{course}: ", outcome.err)
    assert {"person_course_day", "forum.csv.gz"} <= exported
    assert "time_on_task" not in exported
    dates = {row["date"] for row in csv_rows(folder / "person_course_day.csv.gz")}
    assert dates == {one for one in all_dates if one <= "2014-10-13"} < all_dates
    outcome = built.doit(f"person_day:{course}", f"research:{course}")
    exported = words_after(f"research:{course}: ", outcome.err)
    assert "person_course_day" in exported
    assert "forum.csv.gz" not in exported
    assert {path.name: path.read_bytes() for path in folder.glob("*.csv.gz")} == before


def test_nested_columns_are_left_out_and_told(built: Project) -> None:
    course = CourseKey.parse(built.courses[0])
    path = built.warehouse / course.dataset / "course_item.parquet"
    duckdb.execute(f"COPY (SELECT 7 AS item_nid, {{'itype': 'x'}} AS data) TO '{path}' (FORMAT parquet)")
    outcome = built.doit(f"research:{course}")
    assert "course_item: columns that CSV cannot hold left out: data" in outcome.err
    made = built.folder / "storage" / course.directory / "latest" / "course_item.csv.gz"
    assert gzip.decompress(made.read_bytes()) == b"item_nid\n7\n"


# makegeoip


def given_table(project: Project, *rows: tuple[str | None, str | None]) -> None:
    """A combined table of somebody else, `mine.people`."""
    (project.warehouse / "mine").mkdir(exist_ok=True)
    values = ", ".join(itertools.repeat("(?, ?)", len(rows)))
    path = project.warehouse / "mine" / "people.parquet"
    duckdb.execute(
        f"COPY (SELECT * FROM (VALUES {values}) AS given(ip, cc_by_ip)) TO '{path}' (FORMAT parquet)",
        [value for row in rows for value in row],
    )


PLACED = "SELECT ip, country, countryLabel FROM read_parquet(?) ORDER BY ip"


def test_addresses_without_a_country_are_listed_and_placed(built: Project) -> None:
    database = built.folder / "GeoIP2-City.mmdb"
    city_database(database, GB="81.2.69.0/24", SE="89.160.20.0/24")
    given_table(
        built,
        ("81.2.69.142", None),
        ("81.2.69.142", ""),
        ("81.2.69.143", "GB"),
        ("203.0.113.9", None),
        (None, None),
    )
    outcome = built.doit("makegeoip", "table=mine.people")
    assert outcome.built == {"mine.people_ip_no_cc", "geocode.extra_geoip"}
    listed = query(built, "SELECT ip, n FROM read_parquet(?)", "mine/people_ip_no_cc")
    assert listed == [("81.2.69.142", 2), (None, 1), ("203.0.113.9", 1)]
    assert query(built, PLACED, "geocode/extra_geoip") == [("81.2.69.142", "GB", "Country GB")]
    assert "2 addresses without a country, 1 of them known to GeoIP2-City.mmdb" in outcome.err
    assert built.doit("makegeoip", "table=mine.people").built == set()
    # Another table adds to the places that are known; a newer database refreshes those of its own list.
    given_table(built, ("89.160.20.112", None))
    city_database(database, FR="81.2.69.0/24", NO="89.160.20.0/24")
    built.doit("makegeoip", "table=mine.people")
    assert query(built, PLACED, "geocode/extra_geoip") == [
        ("81.2.69.142", "GB", "Country GB"),
        ("89.160.20.112", "NO", "Country NO"),
    ]


def test_makegeoip_takes_the_combined_table_of_the_chosen_courses(built: Project) -> None:
    city_database(built.folder / "GeoIP2-City.mmdb", GB="81.2.69.0/24")
    outcome = built.doit("makegeoip")
    made = {"report:person_course_latest_ip_no_cc", "geocode.extra_geoip"}
    assert made <= outcome.built
    reports = "course_report_MITx"
    listed = "SELECT ip, n FROM read_parquet(?) ORDER BY n, ip"
    counted = (
        "SELECT ip, count(*) AS n FROM read_parquet(?) WHERE cc_by_ip IS NULL GROUP BY ip ORDER BY n, ip"
    )
    found = query(built, listed, f"{reports}/person_course_latest_ip_no_cc")
    assert found == query(built, counted, f"{reports}/person_course_latest") != []
    # What the database knows has a country in person_course already.
    assert query(built, PLACED, "geocode/extra_geoip") == []


def test_makegeoip_without_a_table_is_an_error(built: Project) -> None:
    for word, message in (
        ("table=people", "makegeoip takes a table with its dataset"),
        ("table=mine.people", "mine.people does not exist"),
    ):
        outcome = built.doit("makegeoip", word, status=None)
        assert outcome.status != 0
        assert message in outcome.err
    given_table(built, ("81.2.69.142", None))
    path = built.warehouse / "mine" / "people.parquet"
    duckdb.execute(f"COPY (SELECT 'x' AS ip) TO '{path}' (FORMAT parquet)")
    outcome = built.doit("makegeoip", "table=mine.people", status=None)
    # A column that a table of somebody else lacks is NULL, and told: no address has a country then.
    assert "mine.people of mine has no cc_by_ip, " in outcome.err
