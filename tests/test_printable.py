"""What text from data looks like in messages."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edxtasks.printable import listed, listed_paths, printable, printable_message, printable_path, quantity


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("MITx/2.03x/3T2013", "MITx/2.03x/3T2013"),
        ("Übungen/Größe 1/été", "Übungen/Größe 1/été"),
        ("课程 1", "课程 1"),
        ("", ""),
        ("a\nbuilt   person_course: 3 rows", r"a\nbuilt   person_course: 3 rows"),
        ("a\r\x1b[31mred\x1b[0m\a", r"a\r\x1b[31mred\x1b[0m\x07"),
        ("\x9b2J\x7f\t", r"\x9b2J\x7f\t"),
        ("user\u202egnp.exe", r"user\u202egnp.exe"),
        ("\u2066\u200b\ufeff\u2028\x85", r"\u2066\u200b\ufeff\u2028\x85"),
        ("a\ud83d", r"a\ud83d"),
        ("a\udcff", r"a\xff"),
        ("\U000e0041", r"\U000e0041"),
        (12, "12"),
    ],
)
def test_what_a_terminal_acts_on_is_escaped(text: object, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("a" * 10, 10, "a" * 10),
        ("a" * 11, 10, "a" * 9 + "…"),
        ("a" * 7 + "\x1b" + "b", 10, "a" * 7 + "…"),
        ("a" * 6 + "\x1b", 10, "a" * 6 + r"\x1b"),
        ("\n" * 5, 10, r"\n\n\n\n\n"),
        ("\n" * 6, 10, r"\n\n\n\n…"),
        ("ab", 1, "…"),
    ],
)
def test_long_text_is_cut_and_no_escape_in_two(text: str, limit: int, shown: str) -> None:
    assert printable(text, limit) == shown


@given(st.text(st.characters(), max_size=300), st.integers(1, 200))
def test_any_text_is_one_short_printable_line(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    shown.encode("utf-8")


def test_a_path_is_whole() -> None:
    folder = Path("/data") / ("x" * 200)
    assert printable_path(folder / "day.log") == f"{folder}/day.log"
    assert printable_path(os.fsdecode(b"/data/\xe9t\xc3\xa9\n.log")) == "/data/\\xe9té\\n.log"
    assert printable_path(b"/data/\xff") == r"/data/\xff"


def test_long_lists_are_counted() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["a", "b", "c", "d"]) == "a, b, c and 1 more"
    assert listed([f"k{n}" for n in range(60_000)]) == "k0, k1, k2 and 59 997 more"
    assert listed({"a\x1b": 1, "b": 2}, 1) == r"a\x1b and 1 more"
    assert len(listed(["k" * 5_000] * 9)) == len(", ") * 2 + 3 * 100 + len(" and 6 more")
    assert listed_paths([Path("/d/" + "x" * 150), Path("/d/b")], 1) == "/d/" + "x" * 150 + " and 1 more"


def test_a_message_keeps_its_lines_and_none_looks_like_another() -> None:
    told = printable_message("3 rejects:\nFAILED  \x1b[31mbad\nend")
    assert told == "3 rejects:\n        FAILED  \\x1b[31mbad\n        end"
    assert printable_message("") == ""


def test_a_quantity_has_its_noun_in_the_right_number() -> None:
    assert [quantity(value, "course") for value in (0, 1, 2, 1200)] == [
        "0 courses",
        "1 course",
        "2 courses",
        "1 200 courses",
    ]
    assert quantity(1, "entry is", "entries are") == "1 entry is"
    assert quantity(2, "entry is", "entries are") == "2 entries are"
