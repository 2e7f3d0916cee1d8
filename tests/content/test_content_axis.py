"""The rows of the course axis."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from course_exports import COURSE, axis, bundle, column, datum, encoded

from edxtasks.content.axis import axis_rows
from edxtasks.content.findings import HIDDEN, RENAMED, TIME, WEIGHT, Findings


def day(number: int, month: int = 9) -> datetime:
    return datetime(2013, month, number, tzinfo=UTC)


# The walk: order, names, positions, paths.


def test_rows_of_a_studio_export() -> None:
    rows, findings = axis(
        '<course display_name="Demonstration Course"><chapter url_name="c"/><wiki slug="x"/></course>',
        {
            "chapter/c.xml": '<chapter display_name="Week 1"><sequential url_name="s"/></chapter>',
            "sequential/s.xml": '<sequential display_name="Lab"><vertical url_name="v"/></sequential>',
            "vertical/v.xml": '<vertical><problem url_name="p"/><video url_name="w"/></vertical>',
            "problem/p.xml": "<problem/>",
            "video/w.xml": '<video youtube="1.00:abc"/>',
        },
    )
    assert [(row["index"], row["category"], row["url_name"], row["name"], row["path"]) for row in rows] == [
        # The course element has no url_name: the row is named after its title.
        (1, "course", "Demonstration_Course", "Demonstration Course", "/1"),
        (2, "chapter", "c", "Week 1", "/c"),
        (3, "sequential", "s", "Lab", "/c/s"),
        (4, "vertical", "v", "v", "/c/s/1"),
        (5, "problem", "p", "p", "/c/s/1/1"),
        (6, "video", "w", "w", "/c/s/1/2"),
    ]
    assert [row["module_id"] for row in rows] == [
        "MITx/8.01x/course/Demonstration_Course",
        "MITx/8.01x/chapter/c",
        "MITx/8.01x/sequential/s",
        "MITx/8.01x/vertical/v",
        "MITx/8.01x/problem/p",
        "MITx/8.01x/video/w",
    ]
    assert [row["parent"] for row in rows] == [None, "Demonstration_Course", "c", "s", "v", "v"]
    assert [row["chapter_mid"] for row in rows] == [None, None, *["MITx/8.01x/chapter/c"] * 4]
    assert {row["course_id"] for row in rows} == {"MITx/8.01x/3T2013"}
    assert {row["is_split"] for row in rows} == {False}
    assert findings.lines() == []


def test_columns_are_those_of_the_table_in_their_order() -> None:
    rows, _ = axis('<course display_name="C"/>')
    assert list(rows[0]) == [
        *(
            "category",
            "index",
            "url_name",
            "name",
            "gformat",
            "due",
            "start",
            "module_id",
            "course_id",
            "path",
        ),
        *("data", "chapter_mid", "graded", "parent", "is_split", "split_url_name"),
    ]
    # Always a record, of NULLs where there is nothing.
    assert rows[0]["data"] == dict.fromkeys(
        (
            "ytid",
            "weight",
            "group_id_to_child",
            "user_partition_id",
            "itype",
            "num_items",
            "has_solution",
            "has_image",
        )
    )


@pytest.mark.parametrize(
    ("title", "url_name"),
    [
        ("Week 1. Intro (part 1): A", "Week_1_Intro_part_1__A"),
        (" a b ", "a_b"),
        ("a____b", "a__b"),  # in one pass, without overlaps
        ("a___b", "a__b"),
        ("å:ƒ", "å_ƒ"),
    ],
)
def test_url_name_made_from_the_title(title: str, url_name: str) -> None:
    rows, _ = axis(f'<course display_name="{title}"/>')
    assert rows[0]["url_name"] == url_name
    assert rows[0]["name"] == title


def test_a_course_element_without_a_title_gives_no_row() -> None:
    rows, _ = axis('<course><chapter url_name="c"><sequential url_name="s"/></chapter></course>')
    assert [(row["index"], row["url_name"], row["parent"], row["path"]) for row in rows] == [
        (1, "c", "", "/c"),
        (2, "s", "c", "/c/s"),
    ]


def test_discussions_and_sources_take_no_position() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c"><sequential url_name="s"><vertical url_name="v">'
        '<discussion url_name="d"/><!-- no --><source src="x"/><problem url_name="a"/>'
        '<transcript lang="de"/><problem url_name="b"/></vertical></sequential></chapter></course>'
    )
    # transcript gives no row (anonymous) but has a position.
    assert column(rows, "path") == {
        "chapter/c": "/c",
        "sequential/s": "/c/s",
        "vertical/v": "/c/s/1",
        "problem/a": "/c/s/1/1",
        "problem/b": "/c/s/1/3",
    }


def test_hidden_siblings_keep_their_position() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c"><sequential url_name="s"><vertical url_name="h"/>'
        '<vertical url_name="v"/></sequential></chapter></course>',
        policy='{"vertical/h": {"hide_from_toc": true}}',
    )
    assert column(rows, "path")["vertical/v"] == "/c/s/2"


def test_an_anonymous_vertical_gives_its_position_to_all_its_children() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c"><sequential url_name="s"><problem url_name="x"/><vertical>'
        '<problem url_name="a"/><problem url_name="b"/></vertical></sequential></chapter></course>'
    )
    assert column(rows, "path")["problem/a"] == "/c/s/2"
    assert column(rows, "path")["problem/b"] == "/c/s/2"
    assert column(rows, "parent")["problem/a"] == ""


def test_another_anonymous_element_counts_its_children_from_one() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c"><sequential url_name="s"><problem url_name="x"/><wrapper>'
        '<problem url_name="a"/><problem url_name="b"/></wrapper></sequential></chapter></course>'
    )
    # Path and kind of sequence are those that the wrapper got: its own position does not show.
    assert column(rows, "path")["problem/a"] == "/c/s/1"
    assert column(rows, "path")["problem/b"] == "/c/s/2"


@pytest.mark.parametrize("tag", ["html", "problem", "customtag", "poll_question", "combinedopenended"])
def test_what_is_not_entered(tag: str) -> None:
    rows, _ = axis(f'<course><{tag} url_name="x"><video url_name="inner"/></{tag}></course>')
    assert [row["url_name"] for row in rows] == ["x"]


def test_blocks_within_blocks_give_rows() -> None:
    rows, _ = axis(
        '<course><problem-builder url_name="pb"><pb-mcq url_name="q"><pb-choice/></pb-mcq>'
        '<pb-message display_name="Well done"/></problem-builder><openassessment url_name="ora"><rubric>'
        "<criterion/></rubric></openassessment></course>"
    )
    assert list(column(rows, "path")) == [
        "problem-builder/pb",
        "pb-mcq/q",
        "pb-message/Well_done",
        "openassessment/ora",
    ]


def test_the_same_module_in_two_places_gives_two_rows() -> None:
    rows, _ = axis(
        '<course><chapter url_name="a"><video url_name="v"/></chapter><video url_name="v"/></course>'
    )
    assert [(row["url_name"], row["path"]) for row in rows] == [("a", "/a"), ("v", "/a/1"), ("v", "/2")]


@pytest.mark.parametrize("tag", ["problemset", "sequential", "videosequence", "proctor", "randomize"])
def test_path_of_sequences(tag: str) -> None:
    rows, _ = axis(
        f'<course><chapter url_name="c"><{tag} url_name="q"><video url_name="v"/></{tag}></chapter></course>'
    )
    assert column(rows, "path") == {"chapter/c": "/c", f"{tag}/q": "/c/q", "video/v": "/c/q/1"}


def test_a_randomize_in_a_sequential_drops_it_from_the_path() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c"><sequential url_name="s"><randomize url_name="r"><html url_name="h"/>'
        "</randomize></sequential></chapter></course>"
    )
    assert column(rows, "path")["html/h"] == "/c/r/1"
    assert column(rows, "module_id")["html/h"] == "MITx/8.01x/randomize/r/1"


def test_a_sequence_outside_any_chapter() -> None:
    inner = '<sequential url_name="s"><video url_name="v"/></sequential>'
    for title in ("", 'display_name="C"'):
        rows, _ = axis(f"<course {title}>{inner}</course>")
        assert column(rows, "path")["sequential/s"] == "/1/s"
        assert column(rows, "path")["video/v"] == "/1/s/1"


def test_module_id_of_html_in_a_sequence() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c"><sequential url_name="s"><vertical url_name="v1"/>'
        '<vertical url_name="v2">'
        '<html url_name="a"/><html url_name="b"/></vertical><html url_name="d"/></sequential>'
        "</chapter></course>"
    )
    ids = column(rows, "module_id")
    # The sequence and the position of the unit: all html of one unit share it.
    assert ids["html/a"] == ids["html/b"] == "MITx/8.01x/sequential/s/2"
    assert ids["html/d"] == "MITx/8.01x/sequential/s/3"


def test_module_id_of_html_outside_any_sequence() -> None:
    rows, _ = axis('<course><chapter url_name="c"><html url_name="h"/></chapter></course>')
    assert column(rows, "module_id")["html/h"] == "MITx/8.01x/html/h"


def test_an_anonymous_chapter_passes_the_chapter_on() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c"><chapter><video url_name="v"/></chapter></chapter>'
        '<chapter><video url_name="w"/></chapter></course>'
    )
    assert column(rows, "chapter_mid") == {
        "chapter/c": None,
        "video/v": "MITx/8.01x/chapter/c",
        "video/w": None,
    }


def test_split_tests() -> None:
    rows, _ = axis(
        '<course><split_test url_name="t" group_id_to_child="{&quot;0&quot;: &quot;i4x://a\\b&quot;}" '
        'user_partition_id="7"><vertical url_name="v"><split_test url_name="u">'
        '<video url_name="w"/></split_test>'
        '</vertical></split_test><video url_name="x"/></course>'
    )
    assert column(rows, "split_url_name") == {
        "split_test/t": None,
        "vertical/v": "t",
        "split_test/u": "t",
        "video/w": "t",  # the outermost
        "video/x": None,
    }
    assert list(column(rows, "is_split").values()) == [False, True, True, True, False]
    assert datum(rows, "split_test/t", "group_id_to_child") == '{"0": "i4x://a\\b"}'
    assert datum(rows, "split_test/t", "user_partition_id") == "7"
    assert datum(rows, "split_test/u", "user_partition_id") is None


# Names.


@pytest.mark.parametrize(
    ("attribute", "policy", "name"),
    [
        ('display_name="A"', '{"problem/p": {"display_name": "P"}}', "P"),  # the policy first
        ('display_name="A"', '{"problem/p": {"display_name": null}}', "A"),
        ('display_name=""', "", ""),  # may be empty
        ("", "", "p"),
        ('display_name="a&#10;b&#9;&quot;ñ"', "", 'a\nb\t"ñ'),
    ],
)
def test_names(attribute: str, policy: str, name: str) -> None:
    rows, _ = axis(f'<course><problem url_name="p" {attribute}/></course>', policy=policy)
    assert rows[0]["name"] == name


# Inherited settings.

SEQUENTIAL = (
    '<course {course}><chapter url_name="c" {chapter}><sequential url_name="s" {own}/></chapter></course>'
)


def inherited(
    name: str, course: str = "", chapter: str = "", own: str = "", policy: str = "", setting: str = "format"
) -> object:
    parts = {"course": course, "chapter": chapter, "own": own}
    written = {key: f'{setting}="{value}"' if value else "" for key, value in parts.items()}
    rows, _ = axis(SEQUENTIAL.format(**written), policy=policy)
    return column(rows, name)["sequential/s"]


def test_own_attribute_beats_policy_beats_ancestors_beats_the_course_policy() -> None:
    policy = (
        '{{"sequential/s": {{"format": {own}}}, "chapter/c": {{"format": {chapter}}}, '
        '"course/3T2013": {{"format": "K"}}}}'
    )
    every = policy.format(own='"OP"', chapter='"CP"')
    above = policy.format(own="null", chapter='"CP"')
    of_course = policy.format(own="null", chapter="null")
    assert inherited("gformat", "R", "C", "O", every) == "O"
    assert inherited("gformat", "R", "C", "", every) == "OP"
    assert inherited("gformat", "R", "C", "", above) == "C"
    assert inherited("gformat", "R", "", "", above) == "CP"
    assert inherited("gformat", "R", "", "", of_course) == "R"  # the course element decides before its policy
    assert inherited("gformat", "", "", "", of_course) == "K"
    assert inherited("gformat") is None


def test_empty_and_null_are_not_set() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c" format="F" graded="true">'
        '<sequential url_name="a" format="" graded="null"/>'
        '<sequential url_name="b" format="null" graded=""/></chapter></course>'
    )
    assert set(column(rows, "gformat").values()) == {"F"}
    assert set(column(rows, "graded").values()) == {"true"}


@pytest.mark.parametrize(
    ("policy", "graded"),
    [
        ('"TRUE"', "true"),
        ("true", "true"),
        ("false", "false"),
        ('"False"', "false"),
        ("null", None),
        ('""', None),
    ],
)
def test_graded_is_lower_case_or_null(policy: str, graded: str | None) -> None:
    assert inherited("graded", policy=f'{{"sequential/s": {{"graded": {policy}}}}}') == graded


def test_due_that_does_not_parse_is_not_set() -> None:
    rows, findings = axis(
        '<course><chapter url_name="c" due="2013-09-10"><sequential url_name="s" due="soon"/>'
        "</chapter></course>"
    )
    assert column(rows, "due") == {"chapter/c": day(10), "sequential/s": day(10)}
    assert findings.of(TIME) == ['due of sequential/s: "soon" is not a date']


def test_due_falls_back_to_the_policy_of_the_element() -> None:
    policy = '{"sequential/s": {"due": "September 11, 2013"}}'
    assert inherited("due", own="soon", chapter="2013-09-10", policy=policy, setting="due") == day(11)
    assert inherited("due", own="null", chapter="2013-09-10", policy=policy, setting="due") == day(11)


def test_due_as_json_text() -> None:
    assert inherited("due", own="&quot;2013-09-12T00:00:00+00:00&quot;", setting="due") == day(12)


def test_start_is_never_before_that_of_the_parent() -> None:
    rows, _ = axis(
        '<course start="2013-09-02" display_name="C"><chapter url_name="c" start="2013-09-05">'
        '<sequential url_name="early" start="2013-09-01"><video url_name="v"/></sequential>'
        '<sequential url_name="late" start="2013-09-07"/><sequential url_name="same"/></chapter></course>'
    )
    assert column(rows, "start") == {
        "course/C": day(2),
        "chapter/c": day(5),
        "sequential/early": day(5),
        "video/v": day(5),
        "sequential/late": day(7),
        "sequential/same": day(5),
    }


def test_start_below_an_anonymous_element_keeps_the_lower_bound() -> None:
    rows, _ = axis(
        '<course><chapter url_name="c" start="2013-09-05"><wrapper start="2013-09-01"><video url_name="v"/>'
        '<video url_name="w" start="2013-09-02"/></wrapper></chapter></course>'
    )
    assert set(column(rows, "start").values()) == {day(5)}


def test_start_that_does_not_parse_is_not_set() -> None:
    rows, findings = axis(
        '<course><chapter url_name="c" start="2013-09-05">'
        '<video url_name="v" start="2013-09-31"/></chapter></course>'
    )
    assert column(rows, "start")["video/v"] == day(5)
    assert findings.of(TIME)[0].startswith('start of video/v: "2013-09-31" is not a date')


def test_start_with_a_fraction() -> None:
    assert inherited("start", own="2013-09-05T00:00:00.25", setting="start") == datetime(
        2013, 9, 5, 0, 0, 0, 250000, tzinfo=UTC
    )


def test_settings_of_the_course_policy_reach_every_row() -> None:
    rows, _ = axis(
        '<course display_name="C"><chapter url_name="c"/></course>',
        policy='{"course/3T2013": {"start": "2013-09-01T00:00:00Z", "graded": "true"}}',
    )
    assert set(column(rows, "start").values()) == {day(1)}
    assert set(column(rows, "graded").values()) == {"true"}


# Kinds of modules.


def video(attributes: str) -> object:
    rows, _ = axis(f'<course><video url_name="v" {attributes}/></course>')
    return datum(rows, "video/v", "ytid")


@pytest.mark.parametrize(
    ("attributes", "ytid"),
    [
        ('youtube="1.00:abc"', "1.00:abc"),
        ('youtube="0.75:a,1.00:b,1.25:c"', "1.00:b"),
        ('youtube="0.75:a, 1.0 : b , 1.25:c"', "1.00:b"),
        ('youtube="1:b"', "1.00:b"),
        ('youtube="abc"', "1.00:abc"),
        ('youtube="0.75:a,abc"', "1.00:abc"),
        ('youtube="0.75:a" youtube_id_1_0="z"', "1.00:z"),
        ('youtube="" youtube_id_1_0="z"', "1.00:z"),
        ('youtube="1.00:" youtube_id_1_0="z"', "1.00:z"),
        ('youtube_id_1_0="z"', "1.00:z"),
        ('youtube_id_1_0="null"', None),
        ('youtube="0.75:a"', None),
        ('youtube="x:a"', None),
        ("", None),
        ('youtube="1.00:a&quot;b\\c\'d"', "1.00:a\"b\\c'd"),
    ],
)
def test_youtube_id_of_a_video(attributes: str, ytid: str | None) -> None:
    assert video(attributes) == ytid


@pytest.mark.parametrize(
    ("content", "ytid"),
    [
        ('<p><iframe src="https://www.youtube.com/embed/abc?rel=0"></iframe></p>', "abc"),
        ('<iframe src="https://www.youtube.com/embed/abc/x"></iframe>', "abc"),
        ("<iframe src='https://www.youtube.com/embed/abc\"x'></iframe>", "abc"),
        ('<iframe src="https://www.youtube.com/embed/abc"></iframe>', "abc"),
        (
            '<iframe src="https://x.org"></iframe><iframe src="https://www.youtube.com/embed/abc"></iframe>',
            None,
        ),
        ("<iframe></iframe>", None),
        ('<iframe src="https://www.youtube.com/embed/"></iframe>', None),
        ("<p>x</p>", None),
    ],
)
def test_youtube_id_in_html(content: str, ytid: str | None) -> None:
    rows, _ = axis('<course><html url_name="h" filename="h"/></course>', {"html/h.html": content})
    assert datum(rows, "html/h", "ytid") == ytid


def problem(inner: str, attributes: str = "") -> dict[str, object]:
    rows, findings = axis(f'<course><problem url_name="p" {attributes}>{inner}</problem></course>')
    data = rows[0]["data"]
    assert isinstance(data, dict)
    return {**data, "told": findings.of(WEIGHT)}


@pytest.mark.parametrize(
    ("inner", "itype", "items"),
    [
        ("<p/>", None, None),
        ("<stringresponse/>", "stringresponse", 1),
        ("<optionresponse/><p/><optionresponse/>", "optionresponse", 2),
        ("<optionresponse/><fieldset/>", "mixed", 2),
        ("<div><stringresponse/></div>", None, None),  # nested ones are not seen
        ("<imageresponse/><symbolicresponse/>", None, None),  # nor other types
        *(
            (f"<{tag}/>", tag, 1)
            for tag in (
                *("multiplechoiceresponse", "numericalresponse", "choiceresponse", "formularesponse"),
                *("customresponse", "fieldset"),
            )
        ),
    ],
)
def test_items_of_a_problem(inner: str, itype: str | None, items: int | None) -> None:
    found = problem(inner)
    assert (found["itype"], found["num_items"]) == (itype, items)


@pytest.mark.parametrize(
    ("weight", "number"),
    [
        ("1", 1.0),
        ("0.5", 0.5),
        (" 2 ", 2.0),
        ("", None),
        ("null", None),
        ("lots", None),
        ("nan", None),
        ("inf", None),
        ("1_0", None),
    ],
)
def test_weight_of_a_problem(weight: str, number: float | None) -> None:
    found = problem("", f'weight="{weight}"')
    assert found["weight"] == number
    assert found["told"] == ([] if number is not None else [f'problem/p: "{weight}"'])


def test_no_weight_is_no_fault() -> None:
    assert problem("")["weight"] is None
    assert problem("")["told"] == []


def test_image_of_a_problem() -> None:
    assert problem("<div><p><img/></p></div>")["has_image"] is True
    assert problem("<image/>")["has_image"] is None  # never false


@pytest.mark.parametrize(
    ("solution", "has"),
    [
        # `<p>` + n + `</p>` is n + 7 characters.
        (f"<p>{'x' * 59}</p>", True),
        (f"<p>{'x' * 58}</p>", None),
        # An é counts as its character reference: `<p>&#233;…</p>` is 6 n + 7.
        (f"<p>{'é' * 10}</p>", True),
        (f"<p>{'é' * 9}</p>", None),
        # Text between the elements counts, text at the start does not.
        (f"<p/>{'x' * 60}", True),
        (f"{'x' * 100}<p/>", None),
        ('<p><img src="x"/></p>', True),
        ('<p><img alt="" src="x"/></p>', None),
        ("", None),
        # Serialised as HTML: `<p></p>`, not `<p/>`; nine of them are 63 characters.
        ("<p/>" * 9, None),
        ("<p/>" * 10, True),
    ],
)
def test_solution_of_a_problem(solution: str, has: bool | None) -> None:
    assert problem(f"<div><solution>{solution}</solution></div>")["has_solution"] is has


def test_each_solution_is_judged_on_its_own() -> None:
    half = f"<solution><p>{'x' * 40}</p></solution>"
    assert problem(half * 3)["has_solution"] is None
    assert problem(half + f"<solution><p>{'x' * 60}</p></solution>")["has_solution"] is True


# Hiding.

HIDDEN_CHAPTER = '<course><chapter url_name="c" {own}><sequential url_name="s" {inner}/></chapter></course>'


def shown(own: str = "", inner: str = "", policy: str = "", *, include_hidden: bool = False) -> list[str]:
    rows, _ = axis(HIDDEN_CHAPTER.format(own=own, inner=inner), policy=policy, include_hidden=include_hidden)
    return list(column(rows, "path"))


def test_hidden_by_policy_row_and_descendants_are_gone() -> None:
    for value in ("true", '"true"', '"True"', '"TRUE"'):
        assert shown(policy=f'{{"chapter/c": {{"hide_from_toc": {value}}}}}') == []


def test_hidden_by_its_own_attribute_only_the_descendants_are_gone() -> None:
    assert shown(own='hide_from_toc="true"') == ["chapter/c"]
    assert shown(inner='hide_from_toc="true"') == ["chapter/c", "sequential/s"]


def test_false_does_not_hide() -> None:
    for value in ("false", '"false"', "null", '""', '"null"'):
        assert shown(policy=f'{{"chapter/c": {{"hide_from_toc": {value}}}}}') == ["chapter/c", "sequential/s"]


def test_the_policy_of_an_element_beats_what_its_ancestors_say() -> None:
    policy = '{"sequential/s": {"hide_from_toc": false}}'
    assert shown(own='hide_from_toc="true"', policy=policy) == ["chapter/c", "sequential/s"]


@pytest.mark.parametrize("value", ['""', '"null"', "null"])
def test_a_policy_that_is_not_set_does_not_beat_them(value: str) -> None:
    policy = f'{{"sequential/s": {{"hide_from_toc": {value}}}}}'
    assert shown(own='hide_from_toc="true"', policy=policy) == ["chapter/c"]


def test_of_an_ancestor_the_attribute_comes_first() -> None:
    # The chapter itself: its policy hides it. With a policy that says no, its attribute hides what is in it.
    policy = '{"chapter/c": {"hide_from_toc": false}}'
    assert shown(own='hide_from_toc="true"', policy=policy) == ["chapter/c"]


def test_hidden_elements_are_told() -> None:
    _, findings = axis(HIDDEN_CHAPTER.format(own='hide_from_toc="true"', inner=""))
    assert findings.of(HIDDEN) == ["sequential/s"]


def test_the_setting_that_ignores_hiding() -> None:
    policy = '{"chapter/c": {"hide_from_toc": true}}'
    assert shown(policy=policy, include_hidden=True) == ["chapter/c", "sequential/s"]
    assert shown(own='hide_from_toc="true"', include_hidden=True) == ["chapter/c", "sequential/s"]
    rows, _ = axis(
        '<course><chapter url_name="c" hide_from_toc="true"/></course>',
        {"chapter/c.xml": '<chapter><video url_name="v"/></chapter>'},
        include_hidden=True,
    )
    assert list(column(rows, "path")) == ["chapter/c", "video/v"]


# Names used twice.


def test_verticals_that_share_their_name_are_renamed() -> None:
    rows, findings = axis(
        '<course><chapter url_name="c"><sequential url_name="s"><vertical url_name="q">'
        '<problem url_name="q"/>'
        '<video url_name="v"/></vertical><vertical url_name="r"><video url_name="w"/></vertical></sequential>'
        "</chapter></course>"
    )
    assert [(row["category"], row["url_name"], row["parent"]) for row in rows[2:]] == [
        ("vertical", "q_vertical", "s"),
        ("problem", "q", "q_vertical"),  # the parent is the final name
        ("video", "v", "q_vertical"),
        ("vertical", "r", "s"),
        ("video", "w", "r"),
    ]
    # Module id and path are unchanged.
    assert rows[2]["module_id"] == "MITx/8.01x/vertical/q"
    assert rows[2]["path"] == "/c/s/1"
    assert findings.of(RENAMED) == ["q"]


def test_two_verticals_of_one_name_get_the_same_new_name() -> None:
    rows, _ = axis(
        '<course><vertical url_name="q"><video url_name="a"/></vertical><vertical url_name="q"/></course>'
    )
    assert [row["url_name"] for row in rows] == ["q_vertical", "a", "q_vertical"]
    assert rows[1]["parent"] == "q_vertical"


def test_other_modules_that_share_a_name_keep_it() -> None:
    rows, _ = axis('<course><problem url_name="q"/><video url_name="q"/></course>')
    assert [row["url_name"] for row in rows] == ["q", "q"]


# Whole.


def test_names_are_kept_as_they_are() -> None:
    rows, _ = axis(
        '<course><problem url_name="Quiz_3_#1"/><problem url_name="a b:c"/>'
        '<html url_name="åñ_ƒile"/></course>'
    )
    assert [row["url_name"] for row in rows] == ["Quiz_3_#1", "a b:c", "åñ_ƒile"]


def test_the_ids_are_those_of_the_requested_course() -> None:
    made, findings = bundle(
        encoded(
            {"course.xml": '<course url_name="3T2013" org="edX" course="8"><video url_name="v"/></course>'}
        )
    )
    (row,) = axis_rows(made, COURSE, findings)
    assert row["module_id"] == "MITx/8.01x/video/v"
    assert row["course_id"] == "MITx/8.01x/3T2013"


def test_the_rows_are_the_same_every_time() -> None:
    files = encoded(
        {
            "course.xml": '<course><chapter url_name="c"><video url_name="v"/><video url_name="v"/>'
            "</chapter></course>"
        }
    )
    first, second = (axis_rows(bundle(files)[0], COURSE, Findings()) for _ in range(2))
    assert first == second
