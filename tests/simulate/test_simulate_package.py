"""The weekly package in the raw form that edX delivers, read by plain rules and compared with the ledger."""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from edxtasks.simulate import Ledger

COURSES = {"MITx/2.03x/3T2013": "MITx-2.03x-3T2013", "MITx/6.00.1x/3T2014": "MITx-6.00.1x-3T2014"}
ESCAPES = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r", "\n": "\n", "\t": "\t"}


def decode(text: str) -> str | None:
    """A field of a dump: NULL is not a value, backslash escapes are undone once."""
    if text == "NULL":
        return None
    return re.sub(r"\\([\\ntr\n\t])", lambda found: ESCAPES[found[1]], text)


def read_table(path: Path) -> list[dict[str, str | None]]:
    """Records of a dump: they end at a line feed, fields at a tab, unless an odd backslash stands before."""
    text = path.read_bytes().decode("utf-8")
    assert text.endswith("\n")
    records = re.findall(r"((?:[^\\\n]|\\.)*)\n", text, re.DOTALL)
    header = records[0].split("\t")
    rows = []
    for record in records[1:]:
        fields = re.findall(r"(?:^|\t)((?:[^\\\t]|\\.)*)", record, re.DOTALL)
        assert len(fields) == len(header), record
        rows.append(dict(zip(header, map(decode, fields), strict=True)))
    return rows


@pytest.fixture(scope="session")
def folder(campus: Path) -> Path:
    return campus / "mitx-2014-10-19"


def by_person(folder: Path, course_id: str, name: str) -> dict[int, dict[str, str | None]]:
    rows = table(folder, course_id, name)
    result = {int(row.get("user_id") or row["id"] or 0): row for row in rows}
    assert len(result) == len(rows)
    return result


def table(folder: Path, course_id: str, name: str) -> list[dict[str, str | None]]:
    return read_table(folder / f"{COURSES[course_id]}-{name}-prod-analytics.sql")


def people(campus: Path, course_id: str) -> dict[int, dict[str, Any]]:
    return {row["user_id"]: row for row in Ledger(campus / "ledger").learners(course_id)}


def test_file_names_follow_the_forms_of_the_delivery(folder: Path) -> None:
    course = r"MITx-[\w.]+-[0-9]T[0-9]{4}(_2|-ccx-7)?"
    forms = (
        rf"{course}-[a-z0-9_]+-(prod|edge|prod-edge)-analytics\.sql(\.failed)?",
        rf"{course}-prod\.mongo",
        rf"{course}-course_structure-prod-analytics\.json",
        rf"{course}-course-prod-analytics\.xml\.tar\.gz",
        r"mitx-email_opt_in-prod-analytics\.csv",
    )
    found = Counter[str]()
    for path in folder.iterdir():
        if path.is_file():
            (form,) = [form for form in forms if re.fullmatch(form, path.name)]
            found[form] += 1
    assert set(found) == set(forms)
    names = {path.name for path in folder.iterdir()}
    assert sum("-edge-" in name for name in names) == 4
    assert sum(name.endswith(".failed") for name in names) == 1
    assert "ora" in names


@pytest.mark.parametrize("course_id", COURSES)
def test_accounts_and_profiles_are_those_of_the_ledger(campus: Path, folder: Path, course_id: str) -> None:
    book = {user: row for user, row in people(campus, course_id).items() if row["in_dump"]}
    users = by_person(folder, course_id, "auth_user")
    profiles = by_person(folder, course_id, "auth_userprofile")
    assert users.keys() == profiles.keys() == book.keys()
    for user, row in book.items():
        told = row["profile"]
        assert (users[user]["username"], users[user]["email"]) == (told["username"], told["email"])
        for column in ("name", "gender", "goals", "mailing_address", "country", "level_of_education", "meta"):
            assert profiles[user][column] == told[column], column
        born = profiles[user]["year_of_birth"]
        assert (None if born is None else int(born)) == told["year_of_birth"]


def test_texts_that_are_hard_to_write_are_there(campus: Path, folder: Path) -> None:
    for course_id in COURSES:
        texts = [row["goals"] or "" for row in table(folder, course_id, "auth_userprofile")]
        for needle in ("\t", "\n", "\\", '"', "\r", "🎓"):
            assert any(needle in text for text in texts), (course_id, needle)
    # the older export leaves a carriage return as it is, the newer one escapes it
    old, new = (
        (folder / f"{prefix}-auth_userprofile-prod-analytics.sql").read_bytes() for prefix in COURSES.values()
    )
    assert b"\r" in old
    assert b"\r" not in new
    assert b"\\r" in new


@pytest.mark.parametrize("course_id", COURSES)
def test_enrollment_certificates_and_roles(campus: Path, folder: Path, course_id: str) -> None:
    book = people(campus, course_id)
    enrollment = {
        int(row["user_id"] or 0): row for row in table(folder, course_id, "student_courseenrollment")
    }
    for user, row in book.items():
        if not row["in_dump"]:
            assert user not in enrollment
            continue
        told = row["enrollment"]
        assert enrollment[user]["mode"] == told["mode"]
        assert enrollment[user]["is_active"] == str(told["is_active"])
        assert enrollment[user]["created"] == told["created"][:19].replace("T", " ")
    certificates = {
        int(row["user_id"] or 0): row for row in table(folder, course_id, "certificates_generatedcertificate")
    }
    told_certificates = {user: row["certificate"] for user, row in book.items() if row["certificate"]}
    assert certificates.keys() == told_certificates.keys()
    for user, told in told_certificates.items():
        assert certificates[user]["status"] == told["status"]
        assert float(certificates[user]["grade"] or 0) == told["grade"]
    forum = Counter(
        (int(row["user_id"] or 0), row["name"])
        for row in table(folder, course_id, "django_comment_client_role_users")
    )
    assert forum == Counter((user, role) for user, row in book.items() for role in row["forum_roles"])
    assert any(role == "Community TA" for _, role in forum)
    roles = {
        int(row["user_id"] or 0): row["role"] for row in table(folder, course_id, "student_courseaccessrole")
    }
    assert roles == {user: row["course_role"] for user, row in book.items() if row["course_role"]}
    assert set(roles.values()) == {"instructor", "beta_testers"}


@pytest.mark.parametrize("course_id", COURSES)
def test_states_of_modules_are_those_of_the_ledger(campus: Path, folder: Path, course_id: str) -> None:
    book = people(campus, course_id)
    prefix = (
        r"i4x://MITx/2\.03x/" if course_id.endswith("3T2013") else r"block-v1:MITx\+6\.00\.1x\+3T2014\+type@"
    )
    chapters: dict[int, set[str]] = {user: set() for user in book}
    problems: dict[int, dict[str, Any]] = {user: {} for user in book}
    ids = []
    for row in table(folder, course_id, "courseware_studentmodule"):
        ids.append(row["id"])
        state = json.loads(row["state"] or "")
        found = re.fullmatch(prefix + r"(\w+)(?:/|\+block@)(.+)", row["module_id"] or "")
        assert found
        assert found[1] == row["module_type"]
        user = int(row["student_id"] or 0)
        if found[1] == "chapter":
            chapters[user].add(found[2])
        if found[1] == "problem":
            problems[user][found[2]] = row["grade"] and (
                state["attempts"],
                [entry["correctness"] == "correct" for entry in state["correct_map"].values()],
                float(row["grade"]),
            )
    assert len(ids) == len(set(ids)) > 300
    for user, told in book.items():
        assert chapters[user] == set(told["chapters"])
        assert problems[user] == {
            name: result and (result["attempts"], result["correct"], float(result["points"]))
            for name, result in told["problems"].items()
        }


@pytest.mark.parametrize("course_id", COURSES)
def test_grades(campus: Path, folder: Path, course_id: str) -> None:
    book = people(campus, course_id)
    for row in table(folder, course_id, "grades_persistentcoursegrade"):
        told = book[int(row["user_id"] or 0)]
        assert float(row["percent_grade"] or -1) == told["grade"]
        assert bool(row["letter_grade"]) == (told["grade"] >= told["passing_grade"])
        assert (row["passed_timestamp"] is None) == (row["letter_grade"] == "")
    certified = [row for row in book.values() if row["kind"] in {"certified", "verified"}]
    assert all(row["grade"] >= row["passing_grade"] for row in certified)


@pytest.mark.parametrize("course_id", COURSES)
def test_forum(campus: Path, folder: Path, course_id: str) -> None:
    documents = [
        json.loads(line)
        for line in (folder / f"{COURSES[course_id]}-prod.mongo").read_bytes().decode().split("\n")[:-1]
    ]
    posts = Counter[tuple[int, str]]()
    known = set()
    for document in documents:
        known.add(document["_id"]["$oid"])
        kind = "comment" if "parent_id" in document else "response"
        if document["_type"] == "CommentThread":
            kind = "thread"
        posts[int(document["author_id"]), kind] += 1
        if kind != "thread":
            assert document["comment_thread_id"]["$oid"] in known
    book = people(campus, course_id)
    assert posts == Counter(
        {(user, kind): n for user, row in book.items() for kind, n in row["posts"].items() if n}
    )
    assert {kind for _, kind in posts} == {"thread", "response", "comment"}
    assert any("field_of_next_year" in document for document in documents)


@pytest.mark.parametrize("course_id", COURSES)
def test_course_export(campus: Path, folder: Path, course_id: str) -> None:
    """Every pointer leads to a file, and the content is what the campus says about the course."""
    with tarfile.open(folder / f"{COURSES[course_id]}-course-prod-analytics.xml.tar.gz") as archive:
        files = {
            member.name.removeprefix("course/"): archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive.getmembers()
        }
    top = etree.fromstring(files["course.xml"])
    run = str(top.get("url_name"))
    assert run == ("course" if course_id.endswith("3T2013") else "3T2014")
    counts: Counter[str] = Counter()

    def walk(element: etree._Element) -> None:
        for child in element:
            url_name = child.get("url_name")
            if url_name is None:
                continue
            counts[str(child.tag)] += 1
            if child.tag in ("discussion", "openassessment"):
                continue
            walk(etree.fromstring(files[f"{child.tag}/{url_name}.xml"]))

    walk(etree.fromstring(files[f"course/{run}.xml"]))
    (told,) = (c for c in Ledger(campus / "ledger").campus()["courses"] if c["course_id"] == course_id)
    assert (counts["chapter"], counts["problem"]) == (told["chapters"], told["problems"])
    assert counts["video"] == told["videos"] + 1  # one more in the sequential that only staff see
    policy = json.loads(files[f"policies/{run}/policy.json"])
    assert [key for key, value in policy.items() if value.get("hide_from_toc")]
    grading = json.loads(files[f"policies/{run}/grading_policy.json"])
    assert sum(grader["weight"] for grader in grading["GRADER"]) == pytest.approx(1)
    assert min(grading["GRADE_CUTOFFS"].values()) == 0.5
    outline = json.loads(
        (folder / f"{COURSES[course_id]}-course_structure-prod-analytics.json").read_text("utf-8")
    )
    kinds = Counter(block["category"] for block in outline.values())
    assert (kinds["chapter"], kinds["problem"], kinds["course"]) == (told["chapters"], told["problems"], 1)
    assert all(child in outline for block in outline.values() for child in block["children"])


def test_a_pair_shares_address_and_answers(campus: Path) -> None:
    """The harvester reveals more than ten answers and gets nothing right; the master needs one try each."""
    book = Ledger(campus / "ledger")
    for course_id in COURSES:
        pair = {row["kind"]: row for row in book.learners(course_id) if row["partner"] is not None}
        days = list(book.person_days(course_id))
        addresses = {}
        for kind, row in pair.items():
            mine = [day for day in days if day["username"] == row["username"]]
            addresses[kind] = {ip for day in mine for ip in day["ips"]}
            shown = sum(day["nshow_answer"] for day in mine)
            assert shown > 10 if kind == "harvester" else shown == 0
        assert pair["master"]["partner"] == pair["harvester"]["username"]
        assert addresses["master"] == addresses["harvester"]
        assert len(addresses["master"]) == 1
        assert all(result["attempts"] == 1 for result in pair["master"]["problems"].values())
        assert pair["master"]["certificate"]["status"] == "downloadable"
        assert pair["harvester"]["certificate"] is None
