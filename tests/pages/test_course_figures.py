"""Figures of numbers that were written down: what they show, and what they do not."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any

import pytest
from numbers_by_hand import HOSTILE, days, everything, numbers, totals

from edxtasks.pages.course import activity, content, discussion, enrolment, people
from edxtasks.pages.course.page import sections, tiles
from edxtasks.pages.figures import Figure, csv_of, isolated, number


def shown(figure: Figure) -> list[list[Any]]:
    """The rows of a figure's table."""
    return [list(row) for row in figure.rows]


def test_totals_that_differ_by_few_are_not_all_shown() -> None:
    # 100 - 95: five registered and did not view. 100 - 80 and 80 - 60 are enough.
    found = {
        one.measure: one.value
        for one in tiles(numbers(totals=totals(100, viewed=95, explored=80, active=60)))
    }
    assert found["registered"] == 100
    assert found["viewed"] is None
    assert found["explored"] == 80
    assert found["certified"] is None  # 0 is fewer than 10
    assert found["active"] == 60


def test_events_are_not_shown_where_few_are_behind_them() -> None:
    found = {one.measure: one.value for one in tiles(numbers(totals=totals(100, active=9, events=5000)))}
    assert found["events"] is None


def test_enrolment_grows_by_periods_of_at_least_ten_learners() -> None:
    made = numbers(totals=totals(39), registered_days=days([4, 5, 3, 20, 7]))
    first = [date(2014, 10, day) for day in (1, 4)]
    last = [date(2014, 10, day) for day in (3, 5)]
    assert shown(enrolment.over_time(made)) == [
        ["Registered", first[0], last[0], 12, 12],
        ["Registered", first[1], last[1], 27, 39],
    ]


def test_each_side_of_the_passing_line_is_a_whole() -> None:
    # 30 passed, as may be known from certificates: 22 alone would tell that 8 have 0.90 or more.
    rows: list[dict[str, Any]] = [
        {"twentieth": None, "passed": False, "learners": 50},
        {"twentieth": 2, "passed": False, "learners": 40},
        {"twentieth": 13, "passed": True, "learners": 22},
        {"twentieth": 18, "passed": True, "learners": 8},
    ]
    assert enrolment.grades(numbers(totals=totals(120), grades=rows)).picture is None
    rows[2]["learners"], rows[3]["learners"] = 40, 50
    rows.append({"twentieth": 12, "passed": True, "learners": 60})
    found = shown(enrolment.grades(numbers(totals=totals(240), grades=rows)))
    # Of those who passed, bins of 0 learners are small: the smallest other bin, 40, goes with them.
    assert [row for row in found if row[2] is not None] == [
        ["60 to 65 %", "passing", 60],
        ["90 to 95 %", "passing", 50],
        ["no grade", "below passing", 50],
    ]


def test_a_passing_grade_inside_a_step_parts_it() -> None:
    made = numbers(1, totals=totals(30, passing_grade=0.62), grades=[
        {"twentieth": 12, "passed": False, "learners": 10},
        {"twentieth": 12, "passed": True, "learners": 20},
    ])  # fmt: skip
    found = [row for row in shown(enrolment.grades(made)) if row[2]]
    assert found == [["60 to 65 %", "below passing", 10], ["60 to 65 %", "passing", 20]]


def test_days_of_few_learners_and_one_more_hide_their_events() -> None:
    # 1 October 2014 is a Wednesday: with the second Wednesday (5 learners) goes the first, and on Thursdays
    # the 0 learners of the 9th take the 2nd along.
    learners = [30, 40, 50, 60, 70, 80, 90, 5, 0, 55]
    events = [300, 400, 500, 600, 700, 800, 900, 50, 0, 550]
    rows = [row for row in days(learners, events=events) if row["learners"]]
    made = numbers(totals=totals(300, active=200), activity_days=rows)
    who, what = activity.by_day(made)
    assert [row[1] for row in shown(who)] == [30, 40, 50, 60, 70, 80, 90, None, None, 55]
    assert [row[1] for row in shown(what)] == [None, None, 500, 600, 700, 800, 900, None, None, 550]


def test_stray_days_at_the_ends_are_cut_off() -> None:
    rows = [*days([20, 30], events=[1, 2]), {"date": date(2010, 1, 1), "learners": 2, "events": 3}]
    who, _ = activity.by_day(numbers(totals=totals(300, active=200), activity_days=rows))
    assert [row[0] for row in shown(who)] == [date(2014, 10, 1), date(2014, 10, 2)]


def test_days_years_away_are_left_out_and_said() -> None:
    """Of a wrong clock: a picture of every day from 1970 to 9999 would be 3 million days."""
    there = days([50, 60, 70], events=[500, 600, 700])
    for year in (1970, 9999):
        there.append({"date": date(year, 12, 31), "learners": 40, "events": 400})
    made = numbers(totals=totals(900, active=300), activity_days=there)
    people_, events = activity.by_day(made)
    assert [row[0] for row in shown(people_)] == [date(2014, 10, at) for at in (1, 2, 3)]
    assert shown(events)[0] == [date(2014, 10, 1), 500]
    assert people_.note == events.note == "Dates years away from most others are left out."
    assert made.last_date == date(2014, 10, 3)
    weeks = [
        {"week": date(year, 10, 6), "kind": kind, "learners": 30, "posts": 60}
        for year in (1970, 2014)
        for kind in ("initial_post", "response_post", "comment")
    ]
    posts = discussion.posts(numbers(totals=totals(900), forum_weeks=weeks))
    assert [row[0] for row in shown(posts)] == [date(2014, 10, 6)]  # of two as many the later
    assert posts.note == people_.note


def test_a_picture_may_end_with_the_calendar() -> None:
    rows = [{"date": date(year, 12, 31), "learners": 20} for year in (1, 9999)]
    figure = enrolment.over_time(numbers(totals=totals(40), registered_days=rows))
    assert figure.picture is not None
    assert "9999" in figure.picture(520)


def test_where_no_date_is_known_that_is_said() -> None:
    rows = [{"date": None, "learners": 40}]
    figure = enrolment.over_time(numbers(totals=totals(40), registered_days=rows))
    assert figure.empty == "Nothing to see: no date of it is known."


def test_names_from_right_to_left_turn_nothing_around_them() -> None:
    assert isolated("Week 1: a, b") == "Week 1: a, b"
    assert isolated("\u0645\u0642") == "\u2068\u0645\u0642\u2069"
    assert isolated("a\u202e\u2066b") == "\u2068ab\u2069"  # orders to turn around are left out
    made = content.videos(everything("\u202eabc"))
    assert made.picture is not None
    assert "1. \u2068abc\u2069: 290 began" in made.picture(520)


def test_bands_of_chapters_are_drawn_where_there_is_room() -> None:
    def bands(chapters: int) -> int:
        rows = [
            {"index_video": at, "name": "v", "chapter_name": f"c{at}", "began": 300, "finished": 200}
            for at in range(chapters)
        ]
        figure = content.videos(numbers(totals=totals(900), videos=rows))
        assert figure.picture is not None
        return figure.picture(1060).count('class="band"')

    assert bands(10) == 5
    assert bands(300) == 0


def test_a_number_that_tells_of_few_others_is_not_shown() -> None:
    # 200 are active: on a day of 195 all but 5.
    who, _ = activity.by_day(
        numbers(totals=totals(300, active=200), activity_days=days([195, 50], events=[9, 9]))
    )
    assert [row[1] for row in shown(who)] == [50]


def test_groups_of_few_are_put_together() -> None:
    rows = [{"given": "f", "learners": 50}, {"given": "m", "learners": 30}, {"given": "o", "learners": 4}]
    rows.append({"given": None, "learners": 3})
    found = shown(people.genders(numbers(totals=totals(87), genders=rows)))
    assert found == [["female", 50, 57.5], ["male or other or not given", 37, 42.5]]


def test_ages_are_bands_of_neighbours() -> None:
    rows: list[dict[str, Any]] = [
        {"age": 17, "learners": 12},
        {"age": 18, "learners": 3},
        {"age": 30, "learners": 9},
    ]
    rows += [{"age": 200, "learners": 6}, {"age": None, "learners": 6}]
    found = shown(people.ages(numbers(totals=totals(36), ages=rows)))
    names = [row[0] for row in found]
    assert [row[1] for row in found] == [12, 12, 12]
    assert names == ["under 18", "18 to 34", "35 and over or not given"]


def test_bands_of_age_put_together_are_one_band() -> None:
    rows = [{"age": age, "learners": 6} for age in (16, 20, 30, 40, 50, 60)]
    found = shown(people.ages(numbers(totals=totals(36), ages=rows)))
    assert [row[0] for row in found] == ["under 25", "25 to 44", "45 and over or not given"]


def test_levels_of_education_stand_in_their_order() -> None:
    """Those put together are neighbours; the doctorates of early forms are doctorates."""
    given = {"hs": 40, "p_oth": 6, "p": 5, "m": 60, "el": 4, "none": 9, None: 30}
    rows = [{"level": level, "learners": learners} for level, learners in given.items()]
    found = shown(people.education(numbers(totals=totals(154), education=rows)))
    assert [row[:2] for row in found] == [
        ["doctorate", 11],
        ["master's degree", 60],
        ["secondary school", 40],
        ["primary school or none", 13],
        ["not given", 30],
    ]


def test_a_long_name_before_a_bar_has_two_lines() -> None:
    rows = [{"level": "a", "learners": 6}, {"level": "hs", "learners": 6}, {"level": "b", "learners": 40}]
    figure = people.education(numbers(totals=totals(52), education=rows))
    assert figure.picture is not None
    names = re.findall(r'class="label"[^>]*>(.*?)</text>', html.unescape(figure.picture(520)))
    assert names == ["bachelor's degree", "associate degree or secondary", "school"]


def test_numbers_are_in_the_right_number() -> None:
    made = numbers(
        1,
        totals=totals(1, viewed=1),
        grades=[{"twentieth": None, "passed": False, "learners": 1}],
        genders=[{"given": "f", "learners": 1}, {"given": "m", "learners": 2}],
        registered_days=days([1]),
    )
    assert enrolment.grades(made).note == "1 learner without a grade is in the table only."
    assert enrolment.funnel(made).learners == "1 learner"
    assert enrolment.over_time(made).note == "A point stands for a period in which at least 1 learner came."
    drawn = str((figure := people.genders(made)).picture and figure.picture(500))
    assert "female: 1 learner, 33.3 %" in drawn
    assert "male: 2 learners, 66.7 %" in drawn


def test_a_part_that_is_not_shown_has_a_mark_also_before_one_that_is() -> None:
    rows = [
        {"index_video": 1, "name": "A", "chapter_name": "One", "began": 50, "finished": 44},
        {"index_video": 2, "name": "B", "chapter_name": "One", "began": 9, "finished": 5},
        {"index_video": 3, "name": "C", "chapter_name": "One", "began": 50, "finished": 30},
    ]
    figure = content.videos(numbers(totals=totals(100, active=80), videos=rows))
    assert figure.picture is not None
    assert figure.picture(500).count('class="mark unseen"') == 2  # who finished A; all of B


def test_countries_of_few_are_others() -> None:
    rows = [
        {"country": code, "learners": count} for code, count in (("FR", 40), ("SG", 12), ("MT", 7), (None, 2))
    ]
    figure, top = people.countries(numbers(totals=totals(61), countries=rows))
    assert [row[:2] for row in shown(figure)] == [["France", 40], ["3 others", 21]]
    assert [row[:2] for row in shown(top)] == [["France", 40]]
    assert "Singapore" not in str(figure.picture and figure.picture(1000))


def test_who_finished_a_video_is_shown_unless_it_tells_who_did_not() -> None:
    rows = [
        {"index_video": 1, "name": "A", "chapter_name": "One", "began": 50, "finished": 44},
        {"index_video": 2, "name": "B", "chapter_name": "One", "began": 50, "finished": 30},
        {"index_video": 3, "name": "C", "chapter_name": None, "began": 9, "finished": None},
    ]
    found = shown(content.videos(numbers(totals=totals(100, active=80), videos=rows)))
    assert [row[3:] for row in found] == [[50, None], [50, 30], [None, None]]


def test_scores_of_problems_tell_nothing_of_few() -> None:
    base = {"chapter_name": "One", "attempts": 1.25}
    rows = [
        {"problem_nid": 1, "name": "A", "learners": 50, "score": 98.0, **base},
        {"problem_nid": 2, "name": "B", "learners": 50, "score": 55.5, **base},
        {"problem_nid": 3, "name": "C", "learners": 5, "score": 55.5, **base},
    ]
    hard, often = content.problems(numbers(totals=totals(100, active=80), problems=rows))
    assert [row[3:] for row in shown(hard)] == [[50, "> 80"], [50, 55.5], [None, None]]
    assert hard.picture is not None
    assert hard.picture(500).count('class="mark bound series-1"') == 1
    assert [row[3:] for row in shown(often)] == [[50, 1.25], [50, 1.25], [None, None]]


def test_attempts_tell_nothing_of_few() -> None:
    """1.02 attempts of 50 learners: one of them made a second one. 1.2 may be ten who made one each."""
    base = {"name": "A", "chapter_name": "One", "learners": 50, "score": 50.0}
    means = (1.0, 1.02, 1.18, 1.2, 4.0)
    rows = [{"problem_nid": at, "attempts": mean, **base} for at, mean in enumerate(means, 1)]
    _, often = content.problems(numbers(totals=totals(100, active=80), problems=rows))
    assert [row[4] for row in shown(often)] == ["< 1.2", "< 1.2", "< 1.2", 1.2, 4.0]
    assert often.picture is not None
    drawn = often.picture(500)
    assert "1. A: mean number of attempts &lt; 1.2, 50 learners" in drawn
    assert drawn.count('class="mark bound series-2"') == 3  # a bound does not look like a value
    assert [key.text for key in often.keys] == ["a bound"]
    _, often = content.problems(numbers(1, totals=totals(100, active=80), problems=rows))
    assert [row[4] for row in shown(often)] == list(means)


def test_the_expected_score_is_the_mean_of_passing_the_cuts() -> None:
    # Two cuts at 0 and 2 with discrimination 1: at ability 0, (1/2 + 1/(1 + e^2)) / 2
    from edxtasks.pages.course.content import _expected

    cuts = [{"difficulty": 0.0, "discrimination": 1.0}, {"difficulty": 2.0, "discrimination": 1.0}]
    assert _expected(cuts, 0.0) == pytest.approx((0.5 + 0.11920292202211755) / 2)


def test_no_curve_tells_the_share_of_few() -> None:
    """A cut that 49 of 50 passed lies at about -2: from the curve the 98 % could be worked out."""
    base = {"cutnum": 1, "name": "A", "learners": 50, "difficulty": -2.05, "discrimination": 9.0}
    passed = {1: 49, 2: 9, 3: 40, 4: 10, 5: 41}
    rows = [{"problem_nid": at, "passed": number, **base} for at, number in passed.items()]
    rows.append({**base, "problem_nid": 4, "cutnum": 2, "passed": 3})  # of two cuts one is enough
    figure = content.characteristic_curves(numbers(totals=totals(100, active=80), curves=rows))
    assert [row[0] for row in shown(figure)] == [3]
    assert figure.learners == "1 problem, each submitted by at least 10 learners"
    assert figure.note.endswith("Problems that few passed, or failed, have no line.")
    figure = content.characteristic_curves(numbers(1, totals=totals(100, active=80), curves=rows))
    assert len(figure.rows) == 6


def test_open_response_has_a_bar_for_each_step() -> None:
    rows = [
        {"action": "create_submission", "learners": 60, "events": 70},
        {"action": "peer_assess", "learners": 52, "events": 90},
        {"action": "self_assess", "learners": 40, "events": 41},
    ]
    found = shown(discussion.open_response(numbers(totals=totals(100, active=90), open_response=rows)))
    # 60 - 52 = 8 submitted and assessed no peer
    assert found == [
        ["Submitted a response", 60],
        ["Assessed a peer", None],
        ["Assessed the own response", 40],
    ]


def test_an_absent_table_is_named() -> None:
    for section in sections(numbers(totals=totals(100))):
        for figure in section.figures:
            if figure.name != "funnel":
                assert figure.picture is None
                assert "has no table" in figure.empty, figure.name


def test_a_course_of_nobody_shows_no_number() -> None:
    made = everything()
    small = {name: [dict(row) for row in rows] for name, rows in made.rows.items()}
    for rows in small.values():
        for row in rows:
            for name, value in row.items():
                if isinstance(value, int) and name not in {
                    "twentieth",
                    "tenth",
                    "weekday",
                    "hour",
                    "problem_nid",
                }:
                    row[name] = min(value, 1)
    for section in sections(numbers(10, **small)):
        for figure in section.figures:
            assert figure.picture is None, figure.name


def test_every_figure_has_title_axes_learners_and_numbers() -> None:
    for section in sections(everything()):
        for figure in section.figures:
            assert figure.title, figure.name
            assert figure.axes.endswith("."), figure.name
            assert "learners" in figure.learners, figure.name
            assert figure.rows, figure.name
            assert all(len(row) == len(figure.columns) for row in figure.rows), figure.name
            assert figure.picture is not None, figure.name
            assert 'class="mark' in figure.picture(500), figure.name


def test_csv_is_text_for_spreadsheets() -> None:
    text = csv_of(["a", "b"], [["=1+1", None], ['x"y', date(2014, 10, 1)]])
    assert text == 'a,b\r\n\'=1+1,\r\n"x""y",2014-10-01\r\n'


def test_thousands_are_set_apart_and_read_as_one_number() -> None:
    assert number(1234567) == '1<span class="t">234</span><span class="t">567</span>'
    assert number(999) == "999"
    assert number(0.25) == "0.25"


def test_hostile_names_are_text() -> None:
    for section in sections(everything(HOSTILE)):
        for figure in section.figures:
            drawn = str(figure.picture and figure.picture(500))
            assert "<img" not in drawn
            assert "</script" not in drawn
            assert "<img" not in figure.csv
