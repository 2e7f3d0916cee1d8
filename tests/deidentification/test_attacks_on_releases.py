"""Attacks on a release: whoever knows all that may be known of a learner finds at least k, or nobody.

The attacker here works on the published rows alone, and by rules of its own: nothing of what makes them is
used to judge them.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from releases import KEY, PLACES, QUASI, Person, Row, released, seen, smallest_group, without

COURSES = 4
GENDERS = ("f", "m", "o", "", None)
EDUCATION = ("b", "m", "hs", "none", "other", "p_se", "", None)
COUNTRIES = ("FR", "DE", "CY", "IN", "US", "BR", "XX", None)
YEARS = (1980, 1984, 1985, 1991, 513, 3116, None)
POSTS = (None, 0, 1, 4, 5, 300)


@st.composite
def people(draw: st.DrawFn) -> list[Person]:
    """Learners of a few courses, of whom many have things in common."""
    number = draw(st.integers(0, 35))
    return [
        Person(
            account,
            {
                course: draw(st.sampled_from(POSTS))
                for course in draw(st.sets(st.integers(0, COURSES - 1), min_size=1))
            },
            draw(st.sampled_from(GENDERS)),
            draw(st.sampled_from(EDUCATION)),
            draw(st.sampled_from(YEARS)),
            draw(st.sampled_from(COUNTRIES)),
        )
        for account in range(number)
    ]


def seeded(seed: int, number: int, courses: int) -> list[Person]:
    """Many learners: a few things are frequent and most are rare, as in real courses."""
    chance = random.Random(seed)

    def rare(values: tuple[Any, ...]) -> Any:
        return values[min(int(chance.paretovariate(0.8)) - 1, len(values) - 1)]

    return [
        Person(
            account,
            {
                min(int(chance.paretovariate(0.7)) - 1, courses - 1): rare((None, 0, 1, 2, 7, 40))
                for _ in range(int(chance.paretovariate(1)) % 9 + 1)
            },
            rare(GENDERS),
            rare(EDUCATION),
            int(chance.gauss(1985, 12)) if chance.random() < 0.9 else None,
            rare(COUNTRIES),
        )
        for account in range(number)
    ]


def may_be(person: Person, rows: tuple[Row, ...]) -> bool:
    """Whether published rows may be those of a person, as the attacker sees it who knows everything: each
    course is one of theirs, and each value is told of them, or of none."""
    for row in rows:
        course = int(row["course_id"][5:8])
        if course not in person.posts:
            return False
        if not all(_fits(name, row[name], person, course) for name in QUASI):
            return False
    return True


def _fits(name: str, told: str | None, person: Person, course: int) -> bool:
    if told is None:
        return True
    if name == "nforum_posts":
        low, _, high = told.partition("-")
        least = int(low.split()[0])
        most = int(high) if high else (10**9 if "more" in told else least)
        return least <= (person.posts[course] or 0) <= most
    if name == "YoB":
        first, last = told.split("-")
        return person.YoB is not None and int(first) <= person.YoB <= int(last)
    if name == "LoE":
        higher = {"b": "bachelor", "m": "master", "p_se": "doctorate"}
        lower = {"hs": "secondary", "none": "less than secondary"}
        known = {**dict.fromkeys(higher, "degree"), **dict.fromkeys(lower, "no degree")}
        exact = {**higher, **lower, "other": "other"}
        return told in {exact.get(person.LoE or ""), known.get(person.LoE or "")}
    if name == "gender":
        return told == person.gender
    if name == "country":
        return told == person.cc_by_ip
    place = PLACES.get(person.cc_by_ip or "")
    return place is not None and told == getattr(place, name)


def candidates(person: Person, rows: list[Row]) -> int:
    """How many pseudonyms may be a person's, by all that is known of them."""
    own = itertools.groupby(rows, key=lambda row: row["pseudonym"])
    return sum(may_be(person, tuple(of)) for _, of in own)


@settings(max_examples=40)
@given(people(), st.integers(2, 6))
def test_all_that_may_be_known_finds_k_or_nobody(known: list[Person], k: int) -> None:
    rows = released(known, COURSES, k)
    assert smallest_group(rows) >= k or not rows
    for person in known:
        found = candidates(person, rows)
        assert found == 0 or found >= k


@settings(max_examples=15)
@given(people(), st.integers(2, 6))
def test_what_is_published_is_true_of_those_of_whom_it_is(known: list[Person], k: int) -> None:
    """Suppression only removes: each published learner is one of those who are, with fewer courses and less
    told; and no more of them than there are."""
    rows = released(known, COURSES, k)
    own = {p: tuple(of) for p, of in itertools.groupby(rows, key=lambda row: str(row["pseudonym"]))}
    account = {ours(KEY, "spring", person.account): person for person in known}
    assert set(own) <= set(account)
    for pseudonym, of in own.items():
        assert may_be(account[pseudonym], of)
        assert len({row["course_id"] for row in of}) == len(of)


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("seed", range(12))
def test_many_learners_by_each_choice_of_what_is_known(seed: int, k: int) -> None:
    rows = released(seeded(seed, 150, 6), 6, k)
    assert rows
    for columns in (QUASI, (), *itertools.combinations(QUASI, 1), *itertools.combinations(QUASI, 6)):
        assert smallest_group(rows, columns) >= k
    # And within one course alone, as somebody sees it who was in it.
    within = Counter(tuple(row[name] for name in ("course_id", *QUASI)) for row in rows)
    assert min(within.values()) >= k


def alike(number: int, *courses: int, first: int = 0) -> list[Person]:
    return [Person(first + one, dict.fromkeys(courses, 0), "f", "b", 1985, "FR") for one in range(number)]


def test_one_learner_alone_in_a_course_loses_that_course_and_no_more() -> None:
    rows = released([*alike(5, 0), *alike(1, 0, 1, first=5)], 2, 5)
    assert len(rows) == 6
    assert {row["course_id"] for row in rows} == {"Org/C000/Run"}
    assert {row["gender"] for row in rows} == {"f"}


def test_four_of_five_are_nobody_and_five_are_told_whole() -> None:
    assert released(alike(4, 0, 1), 2, 5) == []
    rows = released(alike(5, 0, 1), 2, 5)
    assert len(rows) == 10
    expected = ("f", "bachelor", "1985-1989", "FR", "Europe", "Europe", "0")
    assert {tuple(row[name] for name in QUASI) for row in rows} == {expected}


def test_who_is_alone_with_a_value_takes_others_along_so_that_their_group_is_large_enough() -> None:
    odd = without(alike(1, 0, first=9)[0], gender="m", LoE="p", YoB=1921, cc_by_ip="BR", posts={0: 99})
    rows = released([*alike(9, 0), odd], 1, 5)
    assert len(rows) == 10
    # Of nine who are alike, four are told no more of than of the tenth, and five all.
    assert sorted(Counter(seen(rows).values()).values()) == [5, 5]
    # With eight, five would not be left: all are told as much as the ninth.
    rows = released([*alike(8, 0), odd], 1, 5)
    assert [row["gender"] for row in rows] == [None] * 9


def test_of_countries_that_are_too_rare_the_continent_is_told_and_then_the_region() -> None:
    def of(*countries: str) -> set[tuple[str | None, ...]]:
        rows = released(
            [without(one, cc_by_ip=country) for one, country in zip(alike(5, 0), countries, strict=True)],
            1,
            5,
        )
        return {(row["country"], row["continent"], row["un_region"], row["gender"]) for row in rows}

    assert of("FR", "FR", "FR", "DE", "DE") == {(None, "Europe", "Europe", "f")}
    assert of("US", "US", "US", "BR", "BR") == {(None, None, "Americas", "f")}
    assert of("US", "US", "US", "FR", "FR") == {(None, None, None, "f")}
    assert of("XX", "XX", "XX", "XX", "XX") == {("XX", None, None, "f")}


def test_nothing_is_known_of_anybody() -> None:
    rows = released([Person(account, {0: None}) for account in range(5)], 1, 5)
    assert {tuple(row[name] for name in QUASI) for row in rows} == {(None,) * 6 + ("0",)}


def test_learners_in_all_of_many_courses() -> None:
    courses = 120
    few = [*alike(4, *range(courses)), *alike(5, 0, 1, first=10)]
    assert smallest_group(released(few, courses, 5)) == 9  # the four come down to what the five have
    many = released(alike(5, *range(courses)), courses, 5)
    assert len(many) == 5 * courses


def test_a_second_row_of_a_course_tells_nothing_more() -> None:
    """`person_course` has one row for each; a table of somebody else may have more."""
    twice = alike(1, 0)[0]
    rows = released([*alike(5, 0), twice, twice], 1, 5)
    assert len(rows) == 5


def test_no_learner_and_no_course() -> None:
    assert released([], 1, 5) == []
    assert released([], 0, 5) == []


# The key


def ours(key: bytes, release: str, account: int) -> str:
    """The pseudonym as the page says that it is made, worked out anew."""
    parts = [b"edxtasks deidentify", b"pseudonym", release.encode(), str(account).encode()]
    message = b"".join(str(len(part)).encode() + b":" + part for part in parts)
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def guesses(account: int, release: str) -> Iterator[str]:
    """What a pseudonym may be without a key."""
    name = f"learner{account}"
    for text in (str(account), name, f"{release}{account}", f"{account}{release}", f"{release}:{account}"):
        for hashed in ("md5", "sha1", "sha256", "blake2b", "sha3_256"):
            yield hashlib.new(hashed, text.encode()).hexdigest()
        for key in (b"", release.encode(), b"key"):
            yield hmac.new(key, text.encode(), "sha256").hexdigest()
        yield ours(b"", release, account)


def test_a_pseudonym_is_the_same_over_courses_and_none_that_is_made_without_the_key() -> None:
    rows = released(alike(6, 0, 1), 2, 5)
    found = {row["pseudonym"] for row in rows}
    assert len(found) == 6
    assert found == {ours(KEY, "spring", account) for account in range(6)}
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in found)  # 128 bits
    told = [guess for account in range(6) for guess in guesses(account, "spring")]
    assert not any(guess.startswith(one) for guess in told for one in found)


def test_releases_and_keys_have_no_pseudonym_in_common_and_rows_no_order_of_accounts() -> None:
    known = alike(40, 0)
    first = released(known, 1, 5)
    others = [
        released(known, 1, 5, name="autumn"),
        released(known, 1, 5, key=KEY + b"!"),
        # No two pairs of release and account are spelt the same.
        released([without(one, account=10 + one.account) for one in known], 1, 5, name="spring1"),
    ]
    pseudonyms = [[row["pseudonym"] for row in rows] for rows in (first, *others)]
    assert len(set(itertools.chain(*pseudonyms))) == 160
    assert all(one == sorted(one) for one in pseudonyms)


def test_the_order_of_the_rows_that_it_is_made_from_does_not_matter() -> None:
    known = seeded(3, 300, 5)
    assert released(known, 5, 5) == released(reversed(known), 5, 5)


# Who stays out


@pytest.mark.parametrize(
    "values",
    [
        {"roles": "Staff"},
        {"roles_isInstructor": 1},
        {"forumRoles_isModerator": 1},
        {"username": "Teacher"},
        {"username": "retired__user_0a1b2c"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_staff_and_retired_people_are_in_no_course(values: dict[str, object]) -> None:
    class InFirstCourse(Person):
        """Bears the values in the first course alone."""

        def row(self, course: int, behaviour: Sequence[str]) -> tuple[Any, ...]:
            return Person(self.account, self.posts, more={} if course else values).row(course, behaviour)

    known = [Person(account, {0: 0, 1: 0}) for account in range(5)]
    rows = released([*known, InFirstCourse(9, {0: 0, 1: 0})], 2, 5)
    assert len(rows) == 10
    assert ours(KEY, "spring", 9) not in {row["pseudonym"] for row in rows}


# Behaviour


def test_behaviour_is_rounded_and_times_are_days() -> None:
    from datetime import UTC, date, datetime, timedelta, timezone

    more = {
        "grade": 0.774999,
        "nevents": 1234,
        "ndays_act": 3,
        "certified": True,
        "nchapters": None,
        "start_time": datetime(2014, 5, 2, 1, tzinfo=timezone(timedelta(hours=2))),
        "last_event": datetime(2014, 5, 2, 23, 59, tzinfo=UTC),
    }
    rows = released([without(one, more=more) for one in alike(5, 0)], 1, 5, *more)
    assert {name: rows[0][name] for name in more} == {
        "grade": 0.75,
        "nevents": 1000,
        "ndays_act": 2,
        "certified": True,
        "nchapters": None,
        "start_time": date(2014, 5, 1),
        "last_event": date(2014, 5, 2),
    }
    assert not {"user_id", "username", "ip", "email_domain", "city", "latitude"} & set(rows[0])
