"""The tables of data to be shared: when they are made anew, what they tell, and that the key is nowhere."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_cases import registry

from edxtasks.build.build_table import Built, build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, Verdict, check
from edxtasks.config import Settings
from edxtasks.config.settings import Paths
from edxtasks.course import CourseKey
from edxtasks.digests import ContentHash, Digests
from edxtasks.errors import SettingsError
from edxtasks.warehouse.base import BuildInfo, ResourceLimits, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse

A, B, EMPTY = (CourseKey("X", number, "R") for number in ("A", "B", "E"))
SECRET = "fedcba9876543210" * 4
RELEASE, REPORT = "report.person_course_deidentified", "report.deidentification"
QUASI = ("gender", "LoE", "YoB", "country", "continent", "un_region", "nforum_posts")


def person(account: int, course: CourseKey, **values: object) -> dict[str, object]:
    return {
        "course_id": course.slash,
        "user_id": account,
        "username": f"nickname{account}",
        "email_domain": "post.example",
        "ip": "192.0.2.77",
        "city": "Springfield",
        "viewed": True,
        "certified": account % 2 == 0,
        "grade": 0.123 + account / 1000,
        "gender": "f" if account < 20 else "m",
        "YoB": 1980 + account,
        **values,
    }


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield (made := Site(tmp_path))
    made.warehouse.session.close()


class Site:
    """A project with `person_course` of two courses, and none of a third."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.warehouse = ParquetWarehouse(root / "warehouse", ResourceLimits(threads=1))
        self.load(A, [person(account, A) for account in range(40)])
        # Half of them take B, too; one takes B alone, and one of the staff both.
        rows = [person(account, B) for account in range(20)]
        self.load(B, [*rows, person(90, B), person(7, B, user_id=91, username="boss", roles="Staff")])
        self.key = self.write_key("key", SECRET)

    def load(self, course: CourseKey, rows: list[dict[str, object]], stamp: str = "rows") -> None:
        name = TableName(course.dataset, "person_course")
        self.warehouse.load(name, registry()["person_course"].schema, rows, BuildInfo(stamp))

    def write_key(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def context(self, *courses: CourseKey, **settings: Any) -> Context:
        key = settings.pop("key", self.key)
        made = Settings(
            root=self.root,
            paths=Paths(deidentify_key_file=key),
            **{"deidentify_release": "spring", "minimum_cell": 5, **settings},
        )
        self.warehouse.refresh("course_report_X")
        return Context(made, registry(), self.warehouse, Digests(), courses or (A, B, EMPTY))

    def check(self, name: str = RELEASE, *courses: CourseKey, **settings: Any) -> Verdict:
        return check(self.context(*courses, **settings), registry()[name], None)

    def make(self, name: str = RELEASE, **settings: Any) -> Built:
        return build(self.context(**settings), registry()[name], None)

    def rows(self, name: str = RELEASE) -> list[dict[str, Any]]:
        table = registry()[name]
        columns = table.schema.names
        place = self.context().name(table, None)
        return [dict(zip(columns, row, strict=True)) for row in self.warehouse.read(place, columns)]


def test_what_is_made(site: Site) -> None:
    built = site.make()
    rows = site.rows()
    # Forty take A and half of them B; who takes B alone is alone, and the boss is none of them.
    assert built.rows == len(rows) == 60
    assert Counter(row["course_id"] for row in rows) == {"X/A/R": 40, "X/B/R": 20}
    assert [(row["pseudonym"], row["course_id"]) for row in rows] == sorted(
        (row["pseudonym"], row["course_id"]) for row in rows
    )
    assert min(Counter(tuple(row[name] for name in ("course_id", *QUASI)) for row in rows).values()) >= 5
    assert {row["gender"] for row in rows} == {"f", "m"}
    assert {row["YoB"] for row in rows} == {f"{year}-{year + 4}" for year in range(1980, 2020, 5)}
    assert {row["grade"] for row in rows} == {0.1, 0.15}
    told = "\n".join(built.messages.lines)
    assert "no person_course, and so left out: X/E/R" in told
    assert (
        "published: about 60 of about 60 rows, about 40 of about 40 learners; report:deidentification" in told
    )
    with gzip.open(site.root / "storage/course_report_X/person_course_deidentified.csv.gz", "rt") as file:
        head, *lines = file.read().splitlines()
    assert head.startswith("pseudonym,course_id,gender,LoE,YoB,country,")
    assert len(lines) == 60


def test_nobody_and_no_key_is_in_anything_that_it_leaves(site: Site) -> None:
    built = [site.make(), site.make(REPORT)]
    told = "\n".join(line for one in built for line in one.messages.lines)
    made = [
        path
        for folder in ("warehouse/course_report_X", "storage", "state")
        for path in (site.root / folder).rglob("*")
        if path.is_file()
    ]
    assert {path.name for path in made} >= {"deidentification.csv", "person_course_deidentified.parquet"}
    values = [str(value) for row in site.rows() for value in row.values()]
    texts = [path.read_bytes() for path in made] + [told.encode(), "\n".join(values).encode()]
    texts += [gzip.decompress(text) for text in texts if text.startswith(b"\x1f\x8b")]
    # Nor is what anybody could try keys against without having one row of the release.
    unkeyed = [ContentHash(SECRET.encode()).hexdigest(), hashlib.sha256(SECRET.encode()).hexdigest()]
    texts.append("\n".join(site.check().parts.values()).encode())
    for text in texts:
        for secret in (
            SECRET,
            *unkeyed,
            str(site.key),
            "nickname",
            "post.example",
            "192.0.2.77",
            "Springfield",
        ):
            assert secret.encode() not in text


def test_it_is_made_anew_when_something_of_it_changes_and_only_then(site: Site) -> None:
    site.make()
    site.make(REPORT)
    assert site.check().status is site.check(REPORT).status is Status.FRESH
    # The same key in another file, or with another line end, is the same.
    assert site.check(key=site.write_key("moved", f"{SECRET}\n")).status is Status.FRESH
    changed = "the key or release changed"
    assert site.check(key=site.write_key("other", SECRET[::-1])).reason == changed
    assert site.check(deidentify_release="autumn").reason == changed
    assert site.check(deidentify_k=6).reason.startswith("its recipe or a setting of it changed (")
    assert site.check(deidentify_columns=("grade",)).reason.startswith("its recipe or")
    assert site.check(RELEASE, A).status is Status.STALE
    assert site.check(minimum_cell=20).status is Status.FRESH
    assert site.check(REPORT, minimum_cell=20).status is Status.STALE
    site.load(B, [person(account, B) for account in range(21)], "others")
    site.warehouse.refresh(B.dataset)
    assert site.check().reason == "person_course changed for X/B/R"


def test_columns_that_are_not_chosen_are_not_told(site: Site) -> None:
    site.make(deidentify_columns=("grade",))
    rows = site.rows()
    assert {row["certified"] for row in rows} == {None}
    assert None not in {row["grade"] for row in rows}
    site.make(REPORT, deidentify_columns=("grade",))
    assert {row["of_what"] for row in site.rows(REPORT) if row["part"] in {"rates", "means"}} == {"grade"}


def test_the_report_tells_what_was_lost_and_nothing_of_few(site: Site) -> None:
    site.make()
    site.make(REPORT)
    rows = {(row["part"], row["of_what"], row["measure"]): row for row in site.rows(REPORT)}

    def both(part: str, of: str, measure: str) -> tuple[float | None, float | None]:
        row = rows[part, of, measure]
        return row["full_table"], row["published"]

    # 61 rows of 41 learners, and 60 of 40: neither number tells that there is one between them.
    assert both("size", "all courses", "rows") == (60, 60)
    assert both("size", "all courses", "learners") == (40, 40)
    assert both("size", "X/E/R", "rows") == (None, None)
    assert both("rates", "certified", "share of the rows of X/A/R") == (0.5, 0.5)
    # The account numbers add up to 780 + 190 + 90, of 61 rows: 0.123 + 0.01738.
    assert both("means", "grade", "mean of the rows with a value")[0] == 0.14
    for row in rows.values():
        if row["part"] in {"size", "generalised", "singled out", "l-diversity"}:
            assert all(row[name] is None or row[name] % 5 == 0 for name in ("full_table", "published"))


def test_without_what_it_needs_it_says_so(site: Site) -> None:
    verdict = site.check(RELEASE, EMPTY)
    assert verdict.status is Status.SKIPPED
    assert "person_course does not exist" in verdict.reason
    assert registry()[RELEASE].required_when_named  # so that this is an error of whoever asks for it
    for settings, told in (
        ({"deidentify_release": None}, "no release is named"),
        ({"key": None}, "there is no key"),
        ({"deidentify_columns": ("ip",)}, "expected some of viewed"),
    ):
        with pytest.raises(SettingsError, match=told):
            site.check(**settings)
    nobody = dataclasses.replace(site.context(), courses=())
    with pytest.raises(SettingsError, match="no course is chosen"):
        check(nobody, registry()[RELEASE], None)


def test_nobody_is_left_where_fewer_than_k_are_there(site: Site) -> None:
    built = site.make(deidentify_k=41)
    assert built.rows == 0
    assert any("nothing can be published" in line for line in built.messages.lines)
