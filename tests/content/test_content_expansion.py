"""The tree of a course, put together from its files."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from course_exports import TOP, axis, bundle, column, datum, encoded, studio
from lxml import etree

from edxtasks.content import expansion
from edxtasks.content.findings import CYCLE, EMPTY, MALFORMED, MISSING, Findings
from edxtasks.errors import InputError


def grow(
    inner: str, files: Mapping[str, str | bytes] | None = None, policy: str = "", *, with_hidden: bool = False
) -> tuple[etree._Element, Findings]:
    """The course element without its metadata."""
    made, findings = bundle(studio(f"<course>{inner}</course>", files, policy), with_hidden=with_hidden)
    made.tree.remove(made.tree[-1])
    return made.tree, findings


def text(tree: etree._Element) -> str:
    return etree.tostring(tree[0], encoding="unicode")


def test_a_pointer_is_replaced_by_its_file() -> None:
    tree, findings = grow(
        '<chapter url_name="c" a="pointer"/>',
        {"chapter/c.xml": '<chapter a="file" b="file" display_name="C"><x/></chapter>'},
    )
    # The pointer's attributes win; its url_name is kept as url_name_orig.
    assert text(tree) == '<chapter a="pointer" b="file" display_name="C" url_name_orig="c"><x/></chapter>'
    assert findings.lines() == []


def test_the_tag_is_that_of_the_pointer() -> None:
    tree, _ = grow('<vertical url_name="v"/>', {"vertical/v.xml": "<sequential><x/></sequential>"})
    assert tree[0].tag == "vertical"


def test_without_a_display_name_it_is_the_url_name() -> None:
    tree, _ = grow(
        '<problem url_name="p"/>', {"problem/p.xml": "<problem/>"}, '{"problem/p": {"display_name": "P"}}'
    )
    assert tree[0].get("display_name") == "p"


def test_colons_in_a_url_name_are_folders() -> None:
    tree, _ = grow('<problem url_name="sub:dir:p1"/>', {"problem/sub/dir/p1.xml": "<problem><x/></problem>"})
    assert tree[0].get("url_name_orig") == "sub:dir:p1"
    assert len(tree[0]) == 1


@pytest.mark.parametrize("tag", sorted(expansion.POINTERS - {"course"}))
def test_each_kind_of_pointer(tag: str) -> None:
    tree, _ = grow(f'<{tag} url_name="x"/>', {f"{tag}/x.xml": f"<{tag}><a/></{tag}>"})
    assert [child.tag for child in tree[0]] == ["a"]


@pytest.mark.parametrize(
    "tag", ["lti", "discussion", "openassessment", "word_cloud", "drag-and-drop-v2", "poll"]
)
def test_other_tags_are_never_looked_up(tag: str) -> None:
    tree, findings = grow(f'<{tag} url_name="x" a="1"/>', {f"{tag}/x.xml": f"<{tag}><a/></{tag}>"})
    assert text(tree) == f'<{tag} url_name="x" a="1"/>'
    assert findings.lines() == []


def test_a_missing_file_leaves_the_pointer_and_is_told() -> None:
    tree, findings = grow('<sequential url_name="s" format="Lab"/><video url_name="v"/>')
    assert text(tree) == '<sequential url_name="s" format="Lab"/>'
    assert findings.of(MISSING) == ["sequential/s.xml", "video/v.xml"]


def test_inline_structure_is_expanded_below() -> None:
    tree, findings = grow(
        '<chapter url_name="c"><sequential url_name="s"><html url_name="a" filename="b"/>'
        '<problem url_name="p"/><video url_name="v" youtube="1.00:x"/></sequential></chapter>',
        {"problem/p.xml": "<problem><x/></problem>", "html/b.html": "<p>text</p>"},
    )
    html, problem, _ = tree[0][0]
    assert html.get("url_name") == "a"
    assert html.get("display_name") == "a"
    assert html.get("filename") is None
    assert [element.tag for element in html.iter()] == ["html", "body", "p"]
    assert problem.get("url_name_orig") == "p"
    assert findings.lines() == []  # all of it stands in place: no file is missing


def test_html_content() -> None:
    tree, _ = grow(
        '<html url_name="h"/>',
        {
            "html/h.xml": '<html filename="h" display_name="Title" x="1"/>',
            "html/h.html": '<html xmlns="http://www.w3.org/1999/xhtml" x="2"><p>été<br>ok</html>'.encode(),
        },
    )
    assert text(tree) == (
        '<html x="1" display_name="Title" url_name_orig="h"><body><p>été<br/>ok</p></body></html>'
    )


@pytest.mark.parametrize(
    ("tag", "filename", "path"),
    [
        ("html", "a", "html/a.html"),
        ("html", "a.html", "html/a.html"),
        ("html", "week1-intro", "html/week1/week1-intro.html"),
        ("problem", "a", "problem/a.xml"),
        ("problem", "a.xml", "problem/a.xml"),
        ("problem", "week1-q-2", "problem/week1/week1-q-2.xml"),
        ("problem", "a", "problems/a.xml"),
    ],
)
def test_places_of_the_content(tag: str, filename: str, path: str) -> None:
    tree, findings = grow(f'<{tag} filename="{filename}"/>', {path: f"<{tag}><x/></{tag}>"})
    assert tree[0].find(".//x") is not None
    assert tree[0].get("display_name") == ""  # no url_name
    assert findings.lines() == []


def test_the_first_place_wins() -> None:
    files = {
        "problem/a-b.xml": "<problem><first/></problem>",
        "problem/a/a-b.xml": "<problem><second/></problem>",
    }
    tree, _ = grow('<problem filename="a-b"/>', files)
    assert tree[0][0].tag == "first"


def test_old_problem_files_in_html() -> None:
    tree, _ = grow(
        '<problem url_name="p" filename="f"/>',
        {"problem/f.xml": "<html><problem x='1'><numericalresponse/></problem></html>"},
    )
    assert text(tree) == '<problem x="1" url_name="p" display_name="p"><numericalresponse/></problem>'


def test_what_is_pointed_to_has_the_url_name_of_the_pointer() -> None:
    tree, _ = grow(
        '<problem url_name="p"/>',
        {"problem/p.xml": '<problem url_name="x" filename="f"/>', "problem/f.xml": '<problem url_name="y"/>'},
    )
    assert sorted(tree[0].attrib.items()) == [("display_name", "p"), ("url_name_orig", "p")]


@pytest.mark.parametrize(
    ("files", "kind"),
    [({}, MISSING), ({"html/h.html": ""}, EMPTY), ({"html/h.html": "<!-- c -->"}, EMPTY)],
)
def test_without_content_the_element_stays(files: Mapping[str, str | bytes], kind: str) -> None:
    tree, findings = grow('<html url_name="h" filename="h"/>', files)
    assert text(tree) == '<html url_name="h" filename="h"/>'
    assert findings.of(kind) == ["html/h.html"]


def test_a_problem_that_points_to_its_own_file_is_read_once() -> None:
    tree, findings = grow(
        '<problem url_name="p" filename="p"/>', {"problem/p.xml": "<problem><x/></problem>"}
    )
    assert text(tree) == '<problem url_name_orig="p" display_name="p"><x/></problem>'
    assert findings.lines() == []


def test_policy_gives_what_an_element_has_not() -> None:
    policy = """{"sequential/s": {"due": "P", "format": "P", "graded": true, "n": 2, "off": false,
        "gone": null, "no name": 1}, "problem/p": {"max": 3}, "course/3T2013": {}}"""
    tree, _ = grow(
        '<sequential url_name="s" due="X"><problem url_name="p"/></sequential>',
        {"problem/p.xml": "<problem/>"},
        policy,
    )
    assert tree[0].attrib.items() == [
        ("url_name", "s"),
        ("due", "X"),
        ("format", "P"),
        ("graded", "true"),
        ("n", "2"),
        ("off", "false"),
    ]
    assert tree[0][0].get("max") == "3"  # by its url_name_orig


def test_a_pointer_hidden_by_itself_is_not_expanded() -> None:
    files = {"chapter/c.xml": "<chapter><x/></chapter>"}
    tree, _ = grow('<chapter url_name="c" hide_from_toc="true"/>', files, '{"chapter/c": {"due": "x"}}')
    assert text(tree) == '<chapter url_name="c" hide_from_toc="true"/>'
    tree, _ = grow('<chapter url_name="c" hide_from_toc="true"/>', files, with_hidden=True)
    assert len(tree[0]) == 1


@pytest.mark.parametrize(
    ("value", "policy", "expanded"),
    [
        ("true", "", False),
        ("True", "", True),  # exactly true
        ("false", "", True),
        (None, '{"chapter/c": {"hide_from_toc": true}}', False),
        (None, '{"chapter/c": {"hide_from_toc": "true"}}', False),
        (None, '{"chapter/c": {"hide_from_toc": false}}', True),
    ],
)
def test_children_of_what_is_hidden_stay_pointers(value: str | None, policy: str, expanded: bool) -> None:
    hide = f'hide_from_toc="{value}"' if value else ""
    files = {
        "chapter/c.xml": f'<chapter {hide}><vertical url_name="v"/></chapter>',
        "vertical/v.xml": "<vertical><x/></vertical>",
    }
    tree, _ = grow('<chapter url_name="c"/>', files, policy)
    assert tree[0][0].get("url_name_orig") == ("v" if expanded else None)
    tree, _ = grow('<chapter url_name="c"/>', files, policy, with_hidden=True)
    assert tree[0][0].get("url_name_orig") == "v"


def test_comments_are_left_alone_and_order_is_kept() -> None:
    tree, _ = grow(
        '<!-- a --><vertical url_name="v"/> text <html/><?pi b?>tail', {"vertical/v.xml": "<vertical/>"}
    )
    assert etree.tostring(tree) == (
        b'<course><!-- a --><vertical url_name_orig="v" display_name="v"/> text <html/><?pi b?>tail</course>'
    )


def test_a_pointer_to_itself_ends() -> None:
    tree, findings = grow(
        '<vertical url_name="v"/>', {"vertical/v.xml": '<vertical><vertical url_name="v"/></vertical>'}
    )
    assert text(tree) == ('<vertical url_name_orig="v" display_name="v"><vertical url_name="v"/></vertical>')
    assert findings.of(CYCLE) == ["vertical/v"]


def test_a_cycle_over_two_files_ends() -> None:
    _, findings = grow(
        '<vertical url_name="v"/>',
        {
            "vertical/v.xml": '<vertical><wrapper url_name="w"/></vertical>',
            "wrapper/w.xml": '<wrapper><vertical url_name="v"/></wrapper>',
        },
    )
    assert findings.of(CYCLE) == ["vertical/v"]


def test_content_that_names_itself_ends() -> None:
    _, findings = grow(
        '<problem filename="f"/>', {"problem/f.xml": '<problem><problem filename="f"/></problem>'}
    )
    assert findings.of(CYCLE) == ["problem with filename f"]


def test_the_same_module_in_two_places_is_there_twice() -> None:
    tree, findings = grow(
        '<vertical url_name="v"/><vertical url_name="v"/>', {"vertical/v.xml": "<vertical><x/></vertical>"}
    )
    assert [len(child) for child in tree] == [1, 1]
    assert findings.lines() == []


def test_a_malformed_descriptor_is_repaired() -> None:
    tree, findings = grow(
        '<vertical url_name="v"/>', {"vertical/v.xml": '<vertical>\n<html url_name="a">&nbsp;</vertical>'}
    )
    assert tree[0][0].tag == "html"
    assert findings.of(MALFORMED) == ["vertical/v.xml line 2: Entity 'nbsp' not defined"]


def test_a_descriptor_without_a_root_leaves_the_pointer() -> None:
    tree, findings = grow(
        '<vertical url_name="v"/><html url_name="h"/>', {"vertical/v.xml": "", "html/h.xml": "oops"}
    )
    assert [etree.tostring(child) for child in tree] == [b'<vertical url_name="v"/>', b'<html url_name="h"/>']
    assert [line.partition(" ")[0] for line in findings.of(MALFORMED)] == ["vertical/v.xml", "html/h.xml"]


def test_names_with_odd_characters() -> None:
    files = {"problem/Quiz_3_#1.xml": "<problem><x/></problem>", "html/åñ_html_ƒile.xml": "<html><x/></html>"}
    tree, _ = grow('<problem url_name="Quiz_3_#1"/><html url_name="&#229;ñ_html_ƒile"/>', files)
    assert [len(child) for child in tree] == [1, 1]


def test_a_url_name_cannot_leave_the_export() -> None:
    tree, findings = grow('<html url_name="../../../etc/passwd"/>')
    assert tree[0].get("url_name") == "../../../etc/passwd"
    assert findings.of(MISSING) == ["html/../../../etc/passwd.xml"]


def nested(levels: int) -> str:
    return "<vertical>" * levels + "</vertical>" * levels


def test_nesting() -> None:
    assert sum(1 for _ in grow(nested(499))[0].iter()) == 500
    with pytest.raises(InputError, match="nested deeper than 500 levels"):
        grow(nested(500))
    # Over several files.
    files = {
        f"vertical/v{n}.xml": f'<vertical><vertical url_name="v{n + 1}"/></vertical>' for n in range(600)
    }
    with pytest.raises(InputError, match="nested deeper than 500 levels at vertical/v"):
        grow('<vertical url_name="v0"/>', files)


def test_pointers_that_multiply_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        f"vertical/v{n}.xml": f'<vertical>{f"""<vertical url_name="v{n + 1}"/>""" * 2}</vertical>'
        for n in range(30)
    }
    monkeypatch.setattr(expansion, "MOST_ELEMENTS", 1000)
    with pytest.raises(InputError, match="more than 1000 elements"):
        grow('<vertical url_name="v0"/>', files)
    monkeypatch.setattr(expansion, "MOST_ELEMENTS", 10_000)
    monkeypatch.setattr(expansion, "MOST_BYTES", 1 << 10)
    with pytest.raises(InputError, match="larger than 0 MiB"):
        grow('<vertical url_name="v0"/>', files)
    monkeypatch.undo()
    monkeypatch.setattr(expansion, "MOST_REPEATS", 500)
    with pytest.raises(InputError, match="the 33 files of the course are pointed to more than 500 times"):
        grow('<vertical url_name="v0"/>', files)


# Where the course element is, by layout.

ONE_FILE = (
    '<course url_name="3T2013" org="MITx" course="8.01x" display_name="One"><chapter url_name="c"/></course>'
)


def test_one_file_course() -> None:
    made, _ = bundle(encoded({"course.xml": ONE_FILE, "chapter/c.xml": "<chapter><x/></chapter>"}))
    assert made.tree.get("url_name") is None  # ignored
    assert made.tree.get("display_name") == "One"
    assert len(made.tree[0]) == 1


def test_one_file_in_roots_of_the_chosen_run() -> None:
    other = ONE_FILE.replace("3T2013", "1T2012").replace("One", "Other")
    files = {"course.xml": other, "roots/1T2012.xml": other, "roots/3T2013.xml": ONE_FILE}
    made, _ = bundle(encoded(files))
    assert made.tree.get("display_name") == "One"


def test_a_course_file_that_names_itself() -> None:
    made, findings = bundle(
        encoded(
            {
                "course/3T2013.xml": '<course url_name="3T2013"><chapter url_name="c"/></course>',
                "course.xml": TOP,
                "chapter/c.xml": '<chapter><course url_name="3T2013"/></chapter>',
                "policies/3T2013.json": '{"course/3T2013": {"graded": true}}',
            }
        )
    )
    assert made.tree.attrib.items() == [("url_name_orig", "3T2013"), ("graded", "true")]
    assert [child.tag for child in made.tree[0]] == ["course"]
    assert findings.of(CYCLE) == ["course/3T2013"]  # the one in the chapter


def test_a_course_file_that_points_to_another() -> None:
    files = {
        "course.xml": TOP,
        "course/3T2013.xml": '<course url_name="x"/>',
        "course/x.xml": '<course a="1"/>',
    }
    made, _ = bundle(encoded(files))
    # A course gets no display name from its url_name.
    assert made.tree.attrib.items() == [("a", "1"), ("url_name_orig", "x")]


FILE = '<course display_name="File"><!-- x --><chapter url_name="d"/></course>'
STUB = '<course display_name="File"><!-- the tree stands in course.xml --></course>'


@pytest.mark.parametrize(
    ("top", "file", "title"),
    [
        (ONE_FILE, FILE, "File"),
        (ONE_FILE, STUB, "One"),  # courses of 2012: the tree in course.xml, and a stub beside it
        (TOP, FILE, "File"),
        (TOP, STUB, "File"),
        (ONE_FILE.replace(' url_name="3T2013"', ""), STUB, "One"),
        (ONE_FILE.replace("3T2013", "1T2012"), STUB, "File"),  # the tree of another run is none of this
    ],
)
def test_of_two_course_elements_the_one_with_children(top: str, file: str, title: str) -> None:
    policy = {"policies/3T2013/policy.json": '{"course/3T2013": {}}'}
    made, _ = bundle(encoded({"course.xml": top, "course/3T2013.xml": file} | policy))
    assert made.tree.get("display_name") == title
    assert made.tree.get("url_name") is None


def test_a_stub_beside_roots() -> None:
    files = {
        "roots/3T2013.xml": ONE_FILE,
        "course/3T2013.xml": STUB,
        "chapter/c.xml": "<chapter><x/></chapter>",
    }
    made, _ = bundle(encoded(files))
    assert [element.tag for element in made.tree] == ["chapter", "metadata"]
    assert made.tree.find("chapter/x") is not None


def test_a_problem_bank_is_written_as_library_content_is() -> None:
    files = {
        "itembank/bank.xml": '<itembank display_name="Bank" max_count="1"><problem url_name="p"/></itembank>',
        "problem/p.xml": '<problem display_name="Picked"><stringresponse/></problem>',
    }
    rows, findings = axis(
        '<course><vertical url_name="v"><itembank url_name="bank"/></vertical></course>', files
    )
    assert column(rows, "name") == {"vertical/v": "v", "itembank/bank": "Bank", "problem/p": "Picked"}
    assert column(rows, "parent")["problem/p"] == "bank"
    assert datum(rows, "problem/p", "itype") == "stringresponse"
    assert findings.lines() == []


@pytest.mark.parametrize(
    "tag", ["word_cloud", "lti", "discussion", "drag-and-drop-v2", "openassessment", "poll"]
)
def test_of_other_tags_the_file_has_the_title(tag: str) -> None:
    attributes = 'url_name="z" display_name="Title" due="2013-09-10" x="file"'
    files = {f"{tag}/a.xml": f'<{tag} {attributes}><problem url_name="q"/></{tag}>'}
    made, _ = bundle(studio(f'<course><{tag} url_name="a" x="own"/><{tag} url_name="b"/></course>', files))
    first, second = made.tree[0], made.tree[1]
    assert first.attrib.items() == [
        ("url_name", "a"),
        ("x", "own"),
        ("display_name", "Title"),
        ("due", "2013-09-10"),
    ]
    assert len(first) == 0, "what is in the file stays there"
    assert second.attrib.items() == [("url_name", "b")]


def test_a_long_policy_that_multiplies_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "MOST_BYTES", 1 << 20)
    policy = json.dumps({"course/3T2013": {}, "video/v": {"note": "x" * 3000}})
    with pytest.raises(InputError, match="the policy of video/v: pointers that multiply"):
        grow('<video url_name="v"/>' * 400, policy=policy)


def test_files_whose_markup_multiplies_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "MOST_MARKUP_OF_COURSE", 1000)
    files = {"html/h.xml": f"<html>{'<b/>' * 99}</html>"}
    pointers = '<html url_name="h"/>' * 20
    with pytest.raises(InputError, match=r"more than 1 000 tags and attributes at html/h\.xml: pointers"):
        bundle(studio(f"<course>{pointers}</course>", files))


def test_a_course_element_that_cannot_be_read_is_told_with_its_line() -> None:
    with pytest.raises(
        InputError, match=r"cannot be read as XML(.|\n)*3T2013\.xml line 1: Start tag expected"
    ):
        bundle(encoded({"course.xml": TOP, "course/3T2013.xml": "not found"}))


def test_the_course_of_another_run_is_not_taken() -> None:
    files = {
        "course.xml": '<course url_name="1T2012"/>',
        "roots/1T2012.xml": '<course url_name="1T2012"/>',
        "roots/3T2013.xml": TOP,
        "course/1T2012.xml": '<course display_name="Old"/>',
        "course/3T2013.xml": '<course display_name="New"/>',
    }
    made, _ = bundle(encoded(files))
    assert made.tree.get("display_name") == "New"


def test_a_course_element_of_another_tag() -> None:
    made, _ = bundle(encoded({"course.xml": TOP, "course/3T2013.xml": "<sequential><chapter/></sequential>"}))
    assert made.tree.tag == "course"


@pytest.mark.parametrize("files", [{"course.xml": TOP}, {"course.xml": TOP, "course/3T2013.xml": ""}])
def test_no_course_element_is_an_error(files: dict[str, str | bytes]) -> None:
    with pytest.raises(
        InputError, match=r"export: there is no course element: course/3T2013\.xml is missing"
    ):
        bundle(encoded(files))
