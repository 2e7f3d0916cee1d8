"""Tables for people fit the terminal."""

from __future__ import annotations

from edxtasks.shell.cells import cut, drawn, fitted, width_of


def test_wide_characters_take_two_columns() -> None:
    assert width_of("abc") == 3
    assert width_of("学生") == 4
    assert width_of("e\u0301") == 1  # an accent over the letter before
    assert cut("学生名", 5) == "学生…"
    assert cut("学生名", 4) == "学…"
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


def test_the_widest_columns_are_narrowed_first() -> None:
    # A frame of three columns takes 1 + 3 * 3 signs; 20 are left for the values.
    assert fitted([4, 5, 40], 30) == [4, 5, 11]
    assert fitted([4, 40, 40], 30) == [4, 8, 8]
    assert fitted([4, 5, 6], 30) == [4, 5, 6]
    assert fitted([4, 500], None) == [4, 500]


def test_columns_that_do_not_fit_are_left_out() -> None:
    # Each takes 8 and 3 signs at least: two of them and the frame are 23.
    assert fitted([20, 20, 20], 25) == [9, 9]
    assert fitted([20, 20, 20], 5) == [1]


def test_a_table_in_its_frame() -> None:
    lines, columns = drawn(["who", "n"], [["学", "1"], ["a long name", "22"]], [False, True], 17)
    assert columns == 2
    assert lines == [
        "┌──────────┬────┐",
        "│ who      │  n │",
        "├──────────┼────┤",
        "│ 学       │  1 │",
        "│ a long … │ 22 │",
        "└──────────┴────┘",
    ]
    assert {width_of(line) for line in lines} == {17}
