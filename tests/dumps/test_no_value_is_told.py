"""No value of a record reaches a message, whatever is wrong with a file: not even two letters of it.

Every value planted here consists of characters and digits that no message has of its own.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from build_inputs import built_by, inputs

from edxtasks.config import Paths, Settings
from edxtasks.content.findings import Findings
from edxtasks.content.listings_file import read_listings
from edxtasks.course import CourseKey
from edxtasks.dumps import waldofy
from edxtasks.dumps.package import plan_package
from edxtasks.errors import InputError, SourceAbsentError, UserError
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.courses import listings, staff
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

COURSE = CourseKey("MITx", "6.00x", "1T2014")
DATE = "2014-05-04"

NAME = "Ⱨⱪ Ⱬⱡ"
ADDRESS = "ⱨⱪ@Ⱬⱡ.org"
NUMBER = "7393739"
PLANTED = "ⱧⱪⱫⱡⱨ"

USERS = "id\tusername\temail\tis_staff\tlast_login\tdate_joined"
PROFILES = "id\tuser_id\tname\tlanguage\tmeta\tyear_of_birth"
ENROLLMENT = "id\tuser_id\tcourse_id\tcreated\tis_active\tmode"
CERTIFICATES = "id\tuser_id\tgrade\tcourse_id\tkey\tstatus\tname"
STATES = "id\tmodule_type\tmodule_id\tstudent_id\tstate\tgrade\tcreated\tmodified\tmax_grade\tdone\tcourse_id"
HEADERS: Mapping[str, str] = {
    "users": USERS,
    "profiles": PROFILES,
    "enrollment": ENROLLMENT,
    "certificates": CERTIFICATES,
    "user_id_map": "hash_id\tid\tusername",
    "rolecourse": "org\tcourse_id\tuser_id\trole",
    "roleforum": "course_id\tuser_id\tname",
    "studentmodule": STATES,
    "user_api_usercoursetag": "id\tuser_id\tkey\tcourse_id\tvalue",
    "grades_persistentcoursegrade": "course_id\tuser_id\tgrading_policy_hash\tpercent_grade\tletter_grade",
    "grades_persistentsubsectiongrade": "course_id\tuser_id\tusage_key\tearned_all\tpossible_all",
}
MODULES: Mapping[str, ModuleType] = {
    "rolecourse": roles,
    "roleforum": roles,
    "studentmodule": studentmodule,
    "user_api_usercoursetag": user_partitions,
    "grades_persistentcoursegrade": grades_persistent,
    "grades_persistentsubsectiongrade": grades_persistent_subsection,
}


def record(header: str, **values: str) -> str:
    """A record in which every field is a planted value, but those of `values`."""
    keys = {"id", "user_id", "student_id"}
    return "\t".join(
        values.get(name, NUMBER if name in keys else ADDRESS if name == "email" else NAME)
        for name in header.split("\t")
    )


def broken(header: str) -> Iterator[tuple[str, bytes]]:
    """Ending of the file and its bytes, for each way in which a table of this header can be broken."""
    own = {"course_id": COURSE.opaque}
    one = record(header, **own)
    names = header.split("\t")
    shifted = "\t".join(reversed(one.split("\t")))
    twice = "\t".join([*one.split("\t"), *one.split("\t")])
    tables = {
        "no header": f"{one}\n{one}\n",
        "no header, some fields equal": f"{twice}\n{twice}\n",
        "no header, a value like a column": f"{one}\tuser_ids\tusernames\thash_ids\tnames\n{one}\n",
        "columns shifted": f"{header}\n{shifted}\n",
        "columns shifted in half of the records": f"{header}\n" + f"{one}\n{shifted}\n" * 20,
        "all of another course": f"{header}\n" + f"{record(header, course_id=f'{NAME}/a/b')}\n" * 3,
        "too few fields": f"{header}\n{one}\n" + f"{NAME}\n" * 30,
        "too many fields": f"{header}\n{one}\n" + f"{one}\t{NAME}\n" * 30,
        "unreadable values": f"{header}\n{one}\n",
        "the key is missing": "\t".join(names[::-1][:1]) + f"\n{NAME}\n",
    }
    for text in tables.values():
        yield ".sql", text.encode()
    yield ".sql.gz", one.encode()
    yield ".sql.gz", gzip.compress(tables["unreadable values"].encode() * 50)[:-7]
    yield ".sql", one.encode("utf-16")
    yield ".csv", f'{header}\n"{one}\n{one}\n'.replace("\t", ",").encode()
    yield ".csv", f"{one}\n{one}\n".replace("\t", ",").encode()
    yield ".csv.gz", one.encode()
    yield ".sql", b"\x85\x02\x0c" + one.encode()


def attempt(work: Callable[[Messages], object]) -> str:
    """All that people are shown of `work`. What it raises must be an error for people."""
    messages = Messages()
    told = ""
    try:
        work(messages)
    except (UserError, SourceAbsentError) as error:
        told = str(error)
    return "\n".join([*messages.lines, told])


def check(told: str, case: object) -> None:
    assert told, case
    assert not set(told) & set(PLANTED), (case, told)
    for part in ("739", r"\xe2", r"\u2c", "@"):
        assert part not in told, (case, told)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # No digit of the planted numbers may come from the name of the folder.
    (tmp_path / COURSE.package_prefix / DATE).mkdir(parents=True)
    return Settings(root=tmp_path, paths=Paths(course_sql_base_dir=tmp_path, course_sql_date_dir=DATE))


@pytest.mark.parametrize("source", HEADERS)
def test_tables_of_the_dump(settings: Settings, source: str) -> None:
    folder = settings.root / COURSE.package_prefix / DATE
    module = MODULES.get(source, user_info_combo)
    whole = f"{USERS}\n{record(USERS)}\n".encode()
    for number, (ending, content) in enumerate(broken(HEADERS[source])):
        for path in folder.iterdir():
            path.unlink()
        (folder / "users.sql").write_bytes(whole)
        if source == "users":
            (folder / "users.sql").unlink()
        (folder / f"{source}{ending}").write_bytes(content)
        told = attempt(lambda messages: built_by(module, COURSE, settings, settings.root, messages))
        check(told.replace(str(settings.root), ""), (source, number, ending))


@pytest.mark.parametrize("source", HEADERS)
def test_sorting_the_package(settings: Settings, source: str) -> None:
    folder = settings.root / f"mitx-{DATE}"
    folder.mkdir()
    for number, (ending, content) in enumerate(broken(HEADERS[source])):
        if ending.startswith(".csv"):
            continue
        for path in folder.iterdir():
            path.unlink()
        path = folder / f"{COURSE.package_prefix}-{source}-prod-analytics{ending}"
        path.write_bytes(content)

        def work(messages: Messages) -> object:
            package = plan_package(folder, [COURSE], settings.root)
            return waldofy.convert(package, COURSE, digest, messages)

        check(attempt(work).replace(str(settings.root), ""), (source, number, ending))


def json_lines() -> Iterator[bytes]:
    whole = {"_id": 1, "user_id": 1, "author_id": NAME, "created_at": {"$date": NAME}, "votes": NAME}
    yield f"{NAME}\n{NAME}\n".encode()
    yield json.dumps({**whole, NAME: 1, ADDRESS: 2}, ensure_ascii=False).encode()
    yield json.dumps({**whole, "_id": {"$oid": NAME}, "user_id": ADDRESS}, ensure_ascii=False).encode()
    yield json.dumps([NAME], ensure_ascii=False).encode()
    yield json.dumps(whole, ensure_ascii=False).encode()[:-9]
    yield json.dumps(whole, ensure_ascii=False).encode("utf-16")
    yield b"\x8c\x0d\x04\x09" + NAME.encode()


@pytest.mark.parametrize("name", ["forum.mongo", "users.json", "profiles.json", "enrollment.json"])
def test_json_lines(settings: Settings, name: str) -> None:
    folder = settings.root / COURSE.package_prefix / DATE
    (folder / "users.sql").write_text(f"{USERS}\n{record(USERS)}\n")
    recovered = folder.parent / "from_mongodb"
    recovered.mkdir()
    module = forum if name == "forum.mongo" else user_info_combo
    place = folder if name == "forum.mongo" else recovered
    for ending in ("", ".gz"):
        for content in json_lines():
            (place / f"{name}{ending}").write_bytes(content)
            told = attempt(lambda messages: built_by(module, COURSE, settings, settings.root, messages))
            check(told.replace(str(settings.root), ""), (name, ending, content))
        (place / f"{name}{ending}").unlink()


def test_a_grade_report(settings: Settings) -> None:
    folder = settings.root / COURSE.package_prefix
    (folder / DATE / "users.sql").write_text(f"{USERS}\n{record(USERS)}\n")
    reports = folder / "from_edxinstructordash"
    reports.mkdir()
    one = f"{NUMBER},{ADDRESS},{NAME},0.5\n"
    for content in (
        one,
        f"Student ID,Email,Username\n{one}",
        f"Student ID,Email,Username,Grade\n{NAME},{NAME},{NAME},{NAME}\n",
        f'Student ID,Email,Username,Grade\n{NUMBER},"{NAME}\n',
        f"Student ID,Email,Username,Grade\n{NUMBER},{NAME}\n" + f"{NAME}\n" * 30,
    ):
        (reports / "grade_report.csv").write_text(content)
        told = attempt(
            lambda messages: user_info_combo.build(
                inputs(
                    COURSE,
                    settings,
                    user_info_combo.sources(Instance(settings, COURSE)),
                    settings.root,
                    messages,
                )
            )
        )
        check(told.replace(str(settings.root), ""), content)


def test_a_course_structure(settings: Settings) -> None:
    path = settings.root / "course_structure.json"
    for content in (NAME, f'{{"{NAME}": {NAME}}}', f'["{NAME}"]', f'{{"a": "{NAME}'):
        path.write_text(content)
        with pytest.raises(InputError) as caught:
            course_facts.build(
                inputs(COURSE, settings, {"course_structure": path}, settings.root, Messages())
            )
        check(str(caught.value).replace(str(settings.root), ""), content)


@pytest.mark.parametrize("module", [staff, listings])
def test_files_of_the_office(tmp_path: Path, module: ModuleType) -> None:
    names = list(module.SCHEMA.names)
    row = ",".join([NAME] * len(names))
    header = ",".join(names)
    for name, content in (
        ("o.csv", f"{row}\n{row}\n"),
        ("o.csv", f"{NAME},{ADDRESS}\n"),
        ("o.csv", f"{header.replace('course_id', 'course')}\n{row}\n"),
        ("o.csv", f"{NAME},rolex,usernames,Titles\n{row}\n"),
        ("o.csv", f"{header}\n{row}\n" + f"{NAME}\n" * 30),
        ("o.csv", f'{header}\n"{row}\n'),
        ("o.json", f'{{"{NAME}": 1}}\n'),
        ("o.json", f"{NAME}\n"),
        ("o.csv.gz", row),
    ):
        path = tmp_path / name
        path.write_text(content)
        paths = Paths(staff=path) if module is staff else Paths(listings=path)
        settings = Settings(root=tmp_path, paths=paths)

        def work(messages: Messages, settings: Settings = settings) -> object:
            return built_by(module, None, settings, tmp_path, messages)

        told = attempt(work)
        check(told.replace(str(tmp_path), ""), (name, content))


def test_listings_as_the_analysis_reads_them(tmp_path: Path) -> None:
    for name, content in (
        ("l.csv", f"{NAME},{ADDRESS}\n"),
        ("l.csv", f"Title,course_id\n{NAME}\n"),
        ("l.json", f"{NAME}\n"),
        ("l.json", f'{{"{NAME}": 1}}\n'),
        ("l.json", f'{{"course_id": "\\q{NAME}"}}\n'),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError) as caught:
            read_listings(tmp_path / name, Findings())
        check(str(caught.value).replace(str(tmp_path), ""), name)
