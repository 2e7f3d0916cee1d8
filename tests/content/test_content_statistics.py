"""Counts of what a course consists of."""

from __future__ import annotations

from datetime import date

import pytest
from course_exports import bundle, studio

from edxtasks.content.statistics import IGNORED, Length, Statistics, length, statistics, usage_by_module


def counted(inner: str, policy: str = "", usage: dict[tuple[str, str], int] | None = None) -> Statistics:
    return statistics(bundle(studio(f"<course>{inner}</course>", policy=policy))[0], usage or {})


def test_elements_are_counted_by_tag() -> None:
    found = counted(
        '<chapter url_name="c"><sequential><vertical><Video/><video/><html><p><img/><INPUT/>'
        "<b>x</b></p></html>"
        "<!-- no --><problem><p/><stringresponse/><label/></problem></vertical></sequential></chapter><wiki/>"
    )
    # course, html, p, b, wiki, metadata, policy, grading_policy are not counted; img, input, label are.
    assert found.counts == {
        "chapter": 1,
        "sequential": 1,
        "vertical": 1,
        "video": 2,
        "img": 1,
        "input": 1,
        "problem": 1,
        "stringresponse": 1,
        "label": 1,
    }


def test_the_tags_that_are_not_counted() -> None:
    assert len(IGNORED) == 53
    assert counted("".join(f"<{tag}/>" for tag in sorted(IGNORED - {"problem"}))).counts == {}


@pytest.mark.parametrize("value", ["true", "True", "TRUE"])
def test_problems(value: str) -> None:
    found = counted(
        f'<sequential graded="{value}" showanswer="never"><problem/><problem showanswer="always"/>'
        "<problem><script>x = random.choice(y)</script><div><script>random.seed()</script></div></problem>"
        '</sequential><problem showanswer="always"/><problem/><problem>'
        "<script>import random</script></problem>"
    )
    # Six problems, three graded. showanswer: graded never 2, always 1; the others always 1, default 2.
    assert +found.problems == {
        "n_capa_problems": 6,
        "n_capa_problems_graded": 3,
        "n_showanswer_never": 2,
        "n_graded_showanswer_never": 2,
        "n_showanswer_always": 2,
        "n_graded_showanswer_always": 1,
        "n_showanswer_finished": 2,
        "n_shownanswer_finished": 2,
        "n_random_script": 1,
        "n_graded_random_script": 1,
    }


def test_a_script_counts_for_the_problems_around_it() -> None:
    script = "<script>x = <b>random</b>.random()</script>"
    stats = counted(
        f"<problem><problem>{script}</problem><problem><script>none</script></problem></problem>{script}"
    )
    assert stats.problems["n_random_script"] == 2


def test_defaults_are_counted_under_both_spellings_and_explicit_ones_under_the_right_one() -> None:
    found = counted('<sequential graded="true"><problem/><problem showanswer="finished"/></sequential>')
    assert found.problems["n_showanswer_finished"] == found.problems["n_graded_showanswer_finished"] == 2
    assert found.problems["n_shownanswer_finished"] == found.problems["n_graded_shownanswer_finished"] == 1


def test_settings_are_inherited_from_some_tags_only() -> None:
    found = counted('<vertical graded="true" showanswer="never"><problem/></vertical>')
    assert found.problems["n_capa_problems_graded"] == 0
    assert found.problems["n_showanswer_finished"] == 1
    for tag in ("chapter", "sequential", "problemset"):
        found = counted(f'<{tag} graded="true" showanswer="never"><vertical><problem/></vertical></{tag}>')
        assert found.problems["n_graded_showanswer_never"] == 1


def test_empty_and_null_are_not_set() -> None:
    found = counted(
        '<chapter graded="true" showanswer="never"><sequential graded="" showanswer="null">'
        "<problem/></sequential></chapter>"
    )
    assert found.problems["n_graded_showanswer_never"] == 1


def test_the_course_policy_is_where_it_starts() -> None:
    policy = '{"course/3T2013": {"showanswer": "past_due", "graded": true}}'
    assert counted("<problem/>", policy).problems["n_graded_showanswer_past_due"] == 1


def test_unused_content_is_excluded_with_all_that_is_in_it() -> None:
    inner = (
        '<chapter url_name="a"><problem url_name="in"/></chapter><chapter url_name="b">'
        '<problem url_name="p"/>'
        '<problem url_name="q"/></chapter><chapter url_name="c"/>'
    )
    usage = {("chapter", "a"): 19, ("chapter", "b"): 20, ("problem", "p"): 1, ("problem", "c"): 1}
    found = counted(inner, usage=usage)
    assert found.counts == {"chapter": 2, "problem": 1}  # c and q have no record: they count
    assert found.excluded == {"chapter": 1, "problem": 1}
    assert found.problems["n_capa_problems"] == 1


def test_unused_content_of_files_goes_by_the_name_of_the_pointer() -> None:
    made, _ = bundle(studio('<course><problem url_name="p"/></course>', {"problem/p.xml": "<problem/>"}))
    assert statistics(made, {("problem", "p"): 3}).excluded == {"problem": 1}


def test_use_of_modules() -> None:
    rows: list[dict[str, object]] = [
        {"module_type": "problem", "module_id": "i4x://MITx/8.01x/problem/p", "ncount": 15},
        {"module_type": "problem", "module_id": "MITx/8.01x/problem/p", "ncount": 6},  # added up
        {"module_type": "video", "module_id": "i4x://MITx/8.01x/video/p", "ncount": 2},
        {"module_type": "x", "module_id": None, "ncount": 2},
        {"module_type": "x", "module_id": "alone", "ncount": 2},
    ]
    assert usage_by_module(rows) == {("problem", "p"): 21, ("video", "p"): 2}


QUANTITATIVE = "formularesponse numericalresponse customresponse symbolicresponse coderesponse imageresponse"
QUALITATIVE = (
    "openassessment optionresponse multiplechoiceresponse choiceresponse word_cloud combinedopenended "
    "stringresponse textannotation openended lti"
)


def test_kinds_of_assessments() -> None:
    inner = "".join(f"<{tag}/>" for tag in f"{QUANTITATIVE} {QUALITATIVE} video".split())
    found = counted(inner + "<lti/>")
    assert (found.quantitative, found.qualitative) == (6, 11)


def test_length() -> None:
    found = counted("<lti/><lti/><lti/><coderesponse/>")
    # 4 September to 18 September: 14 days, 2 weeks; 3 / 2 and 1 / 2 a week.
    assert length(date(2013, 9, 4), date(2013, 9, 18), found) == Length(14, 2.0, 1.5, 0.5, 2.0)
    assert length(date(2013, 9, 4), date(2013, 9, 14), found).weeks == 10 / 7.0


def test_length_without_dates_or_against_the_calendar() -> None:
    found = counted("<lti/>")
    assert length(None, date(2013, 9, 18), found) == length(date(2013, 9, 4), None, found) == Length()
    assert length(date(2013, 9, 4), date(2013, 9, 4), found) == Length(0, 0.0, None, None, None)
    assert length(date(2013, 9, 4), date(2013, 8, 28), found) == Length(-7, -1.0, None, None, None)
