"""Learners who asked to be forgotten: out of sorted files, and back with no package."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from edxtasks.course import CourseKey
from edxtasks.dumps import waldofy
from edxtasks.dumps.package import plan_package
from edxtasks.dumps.retire_sorted import retire_sorted
from edxtasks.messages import Messages
from edxtasks.retired import Learner, Retired

COURSE = CourseKey("UnivX", "A", "1")
KEY = b"0123456789abcdef0123456789abcdef"
ANN = Retired(KEY).with_learners([Learner("ann", 7, ("ann@x.org",))])
PACKAGE = {
    "auth_user-prod-analytics.sql": b"id\tusername\temail\n7\tann\tann@x.org\n8\tbea\tbea@x.org\n",
    "auth_userprofile-prod-analytics.sql": (
        b"id\tuser_id\tname\tgoals\n1\t7\tAnn A\tx\n7\t8\tBea B\task ann\n"
    ),
    "courseware_studentmodule-prod-analytics.sql": (
        b'id\tmodule_id\tstudent_id\tstate\n7\ti4x://a\t8\t{"a": "\\\\n"}\n2\ti4x://a\t7\tone\\\ntwo\n'
    ),
    "prod.mongo": (
        b'{"_id":1,"author_id":"7","author_username":"ann","body":"hello"}\n'
        b'{"_id":2,"author_id":"8","author_username":"bea","body":"ann, see 7","votes":{"up":["7","9"]}}\n'
        b'{"_id":3,"author_id":"9","author_username":"cyd","body":"joann","endorsement":{"user_id":"7"}}\n'
    ),
    "auth_user-edge-analytics.sql": b"id\tusername\temail\n7\teve\teve@x.org\n9\tann\tann@y.org\n",
}
SORTED = {
    "users.csv.gz": "id,username,email\n8,bea,bea@x.org\n",
    "profiles.csv.gz": "id,user_id,name,goals\n7,8,Bea B,ask ***\n",
    "studentmodule.csv.gz": 'id,module_id,student_id,state\n7,i4x://a,8,"{""a"": ""\\\\n""}"\n',
    "forum.mongo.gz": (
        '{"_id":2,"author_id":"8","author_username":"bea","body":"***, see 7","votes":{"up":["9"]}}\n'
        '{"_id":3,"author_id":"9","author_username":"cyd","body":"joann","endorsement":{"user_id":null}}\n'
    ),
}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    folder = tmp_path / "xorg-2021-03-14"
    folder.mkdir()
    for name, content in PACKAGE.items():
        (folder / f"UnivX-A-1-{name}").write_bytes(content)
    return folder


def sort(dump: Path, base: Path, retired: Retired | None = None) -> None:
    package = plan_package(dump, [COURSE], base)
    for course in (COURSE, None):
        waldofy.convert(package, course, digest, Messages(), retired=retired)


def contents(base: Path) -> dict[str, str]:
    folder = base / "UnivX-A-1" / "2021-03-14"
    return {path.name: gzip.decompress(path.read_bytes()).decode() for path in folder.iterdir()}


def edge(base: Path) -> str:
    users = base / "EDGE" / "UnivX-A-1" / "2021-03-14" / "users.csv.gz"
    return gzip.decompress(users.read_bytes()).decode()


def test_a_package_brings_nobody_back(dump: Path, tmp_path: Path) -> None:
    sort(dump, tmp_path / "SQL", ANN)
    assert contents(tmp_path / "SQL") == SORTED
    assert edge(tmp_path / "SQL") == "id,username,email\n7,eve,eve@x.org\n"  # numbers of edge are its own


def test_what_was_sorted_is_cleaned_and_stays_current(dump: Path, tmp_path: Path) -> None:
    base = tmp_path / "SQL"
    sort(dump, base)
    changed, gone, mentions = retire_sorted(base, ANN)
    assert (len(changed), gone, mentions) == (5, 5, 4)
    assert contents(base) == SORTED
    assert edge(base) == "id,username,email\n7,eve,eve@x.org\n"
    assert waldofy.pending(plan_package(dump, [COURSE], base), COURSE, digest) == []
    assert retire_sorted(base, ANN) == ([], 0, 0)
