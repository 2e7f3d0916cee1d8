"""A row depends on its line alone: not on lines before it, on the way it takes, or on what was learnt."""

from __future__ import annotations

import json
import pickle
import random
import subprocess
import sys
from typing import Any

import pytest
from unusual_lines import DAMAGED, KINDS, RECORDS, chosen_lines, line

from edxtasks.logs.rows.fast_path import NotFastPathError
from edxtasks.logs.rows.rephrase import LineCounts, Reject, Rephraser, RephraseRules

FORMS = ("compact", "predecessor")
Outcome = tuple[Any, LineCounts]

ALONE = """
import os, pickle, sys
from edxtasks.logs.rows.rephrase import Rephraser, RephraseRules

def outcome(form, line):
    rephraser = Rephraser(RephraseRules(json_text_form=form))
    return rephraser.line(line), rephraser.take_counts()

form, lines = pickle.load(sys.stdin.buffer)
outcomes = []
for line in lines:
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        with open(writing, "wb") as file:
            pickle.dump(outcome(form, line), file)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        outcomes.append(pickle.load(file))
    os.wait()
pickle.dump(outcomes, sys.stdout.buffer)
"""
"""Makes a row of each line in a process that has seen no line before."""


def alone(form: str, lines: list[bytes]) -> list[Outcome]:
    done = subprocess.run(
        [sys.executable, "-c", ALONE], input=pickle.dumps((form, lines)), capture_output=True, check=True
    )
    outcomes: list[Outcome] = pickle.loads(done.stdout)
    return outcomes


def outcome(rephraser: Rephraser, text: bytes) -> Outcome:
    return rephraser.line(text), rephraser.take_counts()


def rephraser_of(form: str) -> Rephraser:
    return Rephraser(RephraseRules(json_text_form=form))


def without_the_short_way(rephraser: Rephraser) -> Rephraser:
    def refuse(line: bytes) -> Any:
        raise NotFastPathError

    rephraser._usual.row = refuse  # type: ignore[method-assign]
    return rephraser


def one_of_each(seed: int) -> list[bytes]:
    chance = random.Random(seed)
    return [line(kind, chance) for kind in KINDS]


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


LINES = one_of_each(1)


@pytest.fixture(scope="module")
def expected(form: str) -> list[Outcome]:
    return alone(form, LINES)


def test_the_lines_are_of_all_sorts(form: str, expected: list[Outcome]) -> None:
    rejected = {kind for kind, (row, _) in zip(KINDS, expected, strict=True) if isinstance(row, Reject)}
    assert {"no time", "no JSON", "cut short", "line too deep", "too deep", "thousands of digits"} == rejected
    assert {row.reason for row, _ in expected if isinstance(row, Reject)} <= {
        "bad_json",
        "bad_time",
        "not_object",
    }
    usual = rephraser_of(form)
    short = 0
    for text in LINES:
        try:
            usual._usual.row(text)
        except Exception:  # noqa: BLE001 -- only counted here
            continue
        short += 1
    assert 15 < short < len(LINES) - 15


def test_after_a_line_of_every_kind(form: str, expected: list[Outcome]) -> None:
    rephraser = rephraser_of(form)
    for before in LINES:
        for text, result in zip(LINES, expected, strict=True):
            rephraser.line(before)
            rephraser.take_counts()
            assert outcome(rephraser, text) == result, (before[:200], text[:200])


def test_twice_in_a_row(form: str, expected: list[Outcome]) -> None:
    for text, result in zip(LINES, expected, strict=True):
        rephraser = rephraser_of(form)
        assert outcome(rephraser, text) == outcome(rephraser, text) == result


def test_in_one_go(form: str, expected: list[Outcome]) -> None:
    rephraser = rephraser_of(form)
    for _ in range(3):
        assert rephraser.lines(LINES) == [row for row, _ in expected]


def test_without_the_short_way(form: str, expected: list[Outcome]) -> None:
    rephraser = without_the_short_way(rephraser_of(form))
    for text, result in zip(LINES, expected, strict=True):
        assert outcome(rephraser, text) == result, text[:300]


def test_with_whatever_was_learnt(form: str, expected: list[Outcome]) -> None:
    rephraser = rephraser_of(form)
    names = ["zz", "zy", "nonInteraction", "zz-y.x", "label", "k1"]
    chance = random.Random(5)
    for number in range(3000):
        record = RECORDS["video"](chance)
        record |= dict.fromkeys(names, "x")
        record["context"] |= {"zz": number, "label": "é", "enterprise_enrollment": None}
        rephraser.line(json.dumps(record).encode())
    rephraser.take_counts()
    learnt = rephraser._usual._form
    assert {extra.key for extra in learnt.extras} == set(names)
    assert {extra.key for extra in learnt.context} == {
        "zz",
        "label",
        "enterprise_enrollment",
        "enterprise_uuid",
    }
    for text, result in zip(LINES, expected, strict=True):
        assert outcome(rephraser, text) == result, text[:300]
    assert rephraser._usual._form is learnt


def test_a_row_again_is_the_same_row(form: str, expected: list[Outcome]) -> None:
    rows = [row for row, _ in expected if isinstance(row, tuple)]
    assert [row for row, _ in alone(form, [text for _, _, text in rows])] == rows
    rephraser = rephraser_of(form)
    for row in rows:
        assert rephraser.line(row[2]) == row


@pytest.mark.parametrize("seed", range(6))
def test_many_lines_in_any_order(form: str, seed: int) -> None:
    lines = chosen_lines(600, seed)
    first, second = rephraser_of(form), without_the_short_way(rephraser_of(form))
    rows = dict(zip(lines, first.lines(lines), strict=True))
    random.Random(seed).shuffle(lines)
    assert [second.line(text) for text in lines] == [rows[text] for text in lines]
    assert first.take_counts() == second.take_counts()
    assert all(rephraser_of(form).line(text) == rows[text] for text in lines[:200])


def test_generated_lines_differ() -> None:
    lines = chosen_lines(len(KINDS) * 3, 1)
    assert len(set(lines)) > len(RECORDS) * 2 + len(DAMAGED)


def test_the_case_that_was_wrong() -> None:
    """A request in the predecessor's form, behind a line with an unknown key: blanks in POST, as in event."""
    record = {
        "event_type": "/courses/HX/1.1x/T/xblock/handler",
        "event": '{"POST": {"position": ["8"]}, "GET": {}}',
        "event_source": "server",
        "context": {"user_id": 7, "course_id": "HX/1.1x/T", "path": "/e"},
        "time": "2024-05-01T10:00:01.000000+00:00",
    }
    rephraser = rephraser_of("predecessor")
    rephraser.line(json.dumps(record | {"zz": 1}).encode())
    result = rephraser.line(json.dumps(record).encode())
    assert isinstance(result, tuple)
    row = json.loads(result[2])
    assert row["event_struct"] == {"POST": '{"position": ["8"]}', "GET": "{}"}
    assert row["event"] == '{"POST": {"position": ["8"]}, "GET": {}}'
