"""Whom a name on the command line means, as dumps and packages know accounts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from edxtasks.config import Settings
from edxtasks.config.settings import Paths
from edxtasks.errors import SettingsError
from edxtasks.retired import Learner
from edxtasks.retirement.accounts import Named, read_learners

HASH, OTHER = "0cc175b9c0f1b6a831c399e269772661", "92eb5ffee6ae2fec3ad71c777531578f"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A sorted dump, and a package that knows one more."""
    dump, package = tmp_path / "SQL" / "C" / "2014-02-16", tmp_path / "X-2014-02-23"
    edge = tmp_path / "SQL" / "EDGE" / "C" / "2014-02-16"
    for folder in (dump, package, edge):
        folder.mkdir(parents=True)
    (dump / "users.csv.gz").write_bytes(
        gzip.compress("id,username,email\n12,ann,ann@x.org\n13,Ann.B,b@x.org\n14,jos\u00e9,\n".encode())
    )
    (dump / "user_id_map.csv.gz").write_bytes(
        gzip.compress(f"hash_id,id,username\n{HASH},12,ann\n{OTHER},13,Ann.B\n".encode())
    )
    (edge / "users.csv.gz").write_bytes(gzip.compress(b"id,username,email\n99,ann,ann@edge.org\n"))
    (package / "X-A-1-auth_user-prod-analytics.sql").write_bytes(b"id\tusername\temail\n15\tcyd\tc@x.org\n")
    (package / "X-A-1-auth_user-edge-analytics.sql").write_bytes(b"id\tusername\temail\n98\tcyd\tc@y.org\n")
    return Settings(root=tmp_path, paths=Paths(course_sql_base_dir=tmp_path / "SQL", dump_dir=package))


def read(settings: Settings, word: str) -> Named:
    [named] = read_learners([word], settings, {"2.03x"})
    return named


def test_a_name_with_what_the_dumps_add(settings: Settings) -> None:
    named = read(settings, "ann")
    [learner] = named.learners
    assert (learner.username, learner.user_id, learner.addresses, learner.anonymous_ids) == (
        "ann", 12, ("ann@x.org",), (HASH,)
    )  # fmt: skip
    assert named.in_accounts and named.has_user_id and not named.is_usual
    assert read(settings, ":12").learners == named.learners
    [learner] = read(settings, "cyd").learners
    assert (learner.user_id, learner.addresses) == (15, ("c@x.org",))


def test_an_account_that_was_renamed_has_both_names(settings: Settings) -> None:
    assert [one.username for one in read(settings, "old:12").learners] == ["ann", "old"]


def test_a_name_that_nobody_knows_or_in_another_case(settings: Settings) -> None:
    unknown, other_case = read(settings, "nobody"), read(settings, "ann.b")
    assert not unknown.in_accounts and not unknown.in_other_case
    assert not other_case.in_accounts and other_case.in_other_case
    assert not unknown.has_user_id


def test_letters_of_a_name_may_be_composed_in_another_way(settings: Settings) -> None:
    assert [one.user_id for one in read(settings, "jose\u0301").learners] == [14]


def test_a_usual_word(settings: Settings) -> None:
    for word in ("video", "Video", "2.03x", "12", "1.5", "is"):
        assert read(settings, f"{word}:1").is_usual
    assert not read(settings, "ann1:1").is_usual


@pytest.mark.parametrize("word", ["ann:x", ":", "", "an\nn", "...", "x" * 151, "a\x1bb"])
def test_words_that_are_no_user_names(word: str, settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"^word 1 is ") as told:
        read(settings, word)
    assert "ann" not in str(told.value)


def test_ids_that_are_no_numbers_are_passed_over(tmp_path: Path) -> None:
    """`²` is a digit to Python's `isdigit`, and a number of 5000 digits is none to its `int`."""
    folder = tmp_path / "SQL" / "UnivX__3.14x__1T2016" / "2016-05-01"
    folder.mkdir(parents=True)
    rows = ["id,username,email", "²,ana,a@x.example", f"{'9' * 5000},ana,b@x.example", "7,ana,c@x.example"]
    (folder / "users.csv").write_text("\n".join([*rows, ""]))
    settings = Settings(root=tmp_path, paths=Paths(course_sql_base_dir=tmp_path / "SQL"))
    assert read(settings, "ana").learners == (Learner("ana", 7, ("c@x.example",), False),)
