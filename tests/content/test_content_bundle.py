"""The bundle: written, and read again."""

from __future__ import annotations

import json

import pytest
from course_exports import COURSE, axis, bundle, encoded, studio
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from edxtasks.content.axis import axis_rows
from edxtasks.content.bundle import bundle_name, read_bundle
from edxtasks.content.findings import Findings
from edxtasks.errors import InputError

POLICY = '{"course/3T2013": {"start": "2013-09-01", "gone": null}, "html/h": {"due": "é"}}'


def test_name() -> None:
    assert bundle_name(COURSE) == "xbundle_MITx__8.01x__3T2013.xml"


def test_what_is_in_it() -> None:
    files = studio('<course display_name="C"><html url_name="h"/></course>', policy=POLICY)
    files["policies/3T2013/grading_policy.json"] = b'{"GRADER": [],}'
    made, _ = bundle(files)
    tree = etree.fromstring(made.to_bytes())
    assert [child.tag for child in tree] == ["html", "metadata"]
    policy, grading = tree[-1]
    assert json.loads(policy.text or "") == {"course/3T2013": {"start": "2013-09-01"}, "html/h": {"due": "é"}}
    assert (grading.tag, grading.text) == ("grading_policy", '{"GRADER": [],}')  # as it is, valid or not


def test_read_again_it_is_the_same() -> None:
    files = studio(
        '<course display_name="é&quot;&#10;"><chapter url_name="c">'
        '<html url_name="h" filename="h"/></chapter></course>',
        {"html/h.html": "<p>é &nbsp;<br><o:x>y</p>"},
        POLICY,
    )
    made, findings = bundle(files)
    again = read_bundle(made.to_bytes(), COURSE, "x.xml")
    assert again.policy == made.policy
    assert again.to_bytes() == made.to_bytes()
    assert axis_rows(again, COURSE, findings) == axis_rows(made, COURSE, findings)


def test_one_without_policy_and_run() -> None:
    assert read_bundle(b"<course/>", COURSE, "x.xml").policy.run == "3T2013"
    data = b'<course><metadata><policy>{"course/old": {"start": "x"}}</policy></metadata></course>'
    made = read_bundle(data, COURSE, "x.xml")
    assert made.policy.text(made.policy.course_key, "start") == "x"


def test_one_that_is_broken() -> None:
    with pytest.raises(InputError, match=r"x\.xml is not well-formed"):
        read_bundle(b"<course>", COURSE, "x.xml")


def test_control_characters_of_a_policy_do_not_break_it() -> None:
    policy = json.dumps({"course/3T2013": {}, "html/h": {"due": "a\x00\x0b\ud800b"}})
    made, _ = bundle(studio('<course><html url_name="h"/></course>', policy=policy))
    assert etree.fromstring(made.to_bytes())[0].get("due") == "a\ufffd\ufffd\ufffdb"


TEXTS = st.text(max_size=12) | st.sampled_from(["true", "null", "2013-09-01", "c", "v", '"x"'])
TAGS = st.sampled_from(["chapter", "sequential", "vertical", "html", "problem", "video", "split_test", "b:c"])
NAMES = st.sampled_from(
    ["url_name", "display_name", "filename", "due", "start", "graded", "weight", "youtube"]
)


@st.composite
def descriptors(draw: st.DrawFn) -> bytes:
    """Something like a descriptor, sometimes broken."""
    tags = draw(st.lists(TAGS, min_size=1, max_size=4))
    opened = []
    for tag in tags:
        values = draw(st.dictionaries(NAMES, TEXTS, max_size=3))
        opened.append(f"<{tag} " + " ".join(f'{name}="{value}"' for name, value in values.items()) + ">")
    closed = [f"</{tag}>" for tag in reversed(tags)]
    return ("".join(opened) + draw(TEXTS) + "".join(closed)).encode("utf-8", "replace")


@given(
    descriptors(),
    st.dictionaries(
        st.sampled_from(["chapter/c.xml", "vertical/v.xml", "html/c.html", "problem/v.xml"]), descriptors()
    ),
    st.dictionaries(
        st.sampled_from(["course/3T2013", "chapter/c", "vertical/v"]),
        st.dictionaries(NAMES, TEXTS, max_size=3),
    ),
)
@settings(max_examples=150, deadline=None)
def test_any_course_gives_a_bundle_that_can_be_read(
    course: bytes, files: dict[str, bytes], policy: dict[str, dict[str, str]]
) -> None:
    every = encoded({"course/3T2013.xml": course, "policies/3T2013.json": json.dumps(policy), **files})
    try:
        made, findings = bundle(every)
    except InputError:
        return  # no usable course element
    rows = axis_rows(made, COURSE, findings)
    again = read_bundle(made.to_bytes(), COURSE, "x.xml")
    assert axis_rows(again, COURSE, Findings()) == rows
    assert [row["index"] for row in rows] == list(range(1, len(rows) + 1))


def test_axis_of_a_whole_course_from_its_bundle() -> None:
    rows, _ = axis('<course><problem url_name="p" weight="2"/></course>')
    made, _ = bundle(studio('<course><problem url_name="p" weight="2"/></course>'))
    assert axis_rows(read_bundle(made.to_bytes(), COURSE, "x"), COURSE, Findings()) == rows
