"""XML and HTML, parsed safely and made plain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from edxtasks.content import markup
from edxtasks.content.findings import ENCODING, MALFORMED, Findings
from edxtasks.content.markup import DEEPEST, clean_text, decode, parse_bundle, parse_html, parse_xml
from edxtasks.errors import InputError


def xml(data: str | bytes) -> tuple[etree._Element | None, list[str]]:
    findings = Findings()
    root = parse_xml(data.encode() if isinstance(data, str) else data, "problem/p.xml", findings)
    return root, findings.of(MALFORMED)


def text_of(root: etree._Element | None) -> str:
    assert root is not None
    return "".join(map(str, root.itertext()))


def strict(root: etree._Element | None) -> etree._Element:
    """What an XML parser that forgives nothing reads of what was parsed."""
    assert root is not None
    return etree.fromstring(etree.tostring(root, encoding="UTF-8"))


def test_a_well_formed_file_is_taken_as_it_is() -> None:
    root, told = xml('<problem a="1">x<!-- c --><b/>y</problem>')
    assert root is not None
    assert etree.tostring(root) == b'<problem a="1">x<!-- c --><b/>y</problem>'
    assert told == []


def test_entities_of_html_are_kept_as_characters() -> None:
    root, told = xml(
        '<problem n="a&nbsp;b">\nx&eacute;y &amp; <b>&unknown;</b>\n<![CDATA[&nbsp;]]></problem>'
    )
    assert told == ["problem/p.xml line 1: Entity 'nbsp' not defined"]
    assert root is not None
    assert root.get("n") == "a\u00a0b"
    assert "x\u00e9y & " in text_of(root)
    assert "&nbsp;" in text_of(root)  # in CDATA it is not an entity
    assert strict(root).get("n") == "a\u00a0b"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"<problem>\n<b></problem>", 2),
        (b"<problem>\n<b x=1/></problem>", 2),
        (b"<problem a='1' a='2'><b/></problem>", 1),
        (b"<problem><b/>", 1),
        (b"<problem/><b/>", 1),
        (b"<problem><m:b/></problem>", 1),
    ],
)
def test_a_broken_file_is_repaired_and_told_with_its_line(data: bytes, line: int) -> None:
    root, told = xml(data)
    assert len(told) == 1
    assert told[0].startswith(f"problem/p.xml line {line}: ")
    assert strict(root).tag == "problem"


def test_broken_latin_1_keeps_its_letters() -> None:
    assert text_of(xml(b"<problem>\xe9t\xe9</problem>")[0]) == "été"
    assert text_of(xml(b'<?xml version="1.0" encoding="utf-8"?><problem>\xe9t\xe9</problem>')[0]) == "été"


@pytest.mark.parametrize(
    ("declared", "codec", "told"),
    [
        ("ascii", "utf-8", ["p.xml: ascii expected, utf-8 found"]),
        ("iso-8859-1", "utf-8", ["p.xml: iso8859-1 expected, utf-8 found"]),
        ("utf-16", "utf-8", ["p.xml: utf-16 expected, utf-8 found"]),
        ("no-such-code", "utf-8", ["p.xml: no-such-code expected, utf-8 found"]),
        ("punycode", "utf-8", ["p.xml: punycode expected, utf-8 found"]),
        ("utf-8coding", "utf-8", ["p.xml: utf-8coding expected, utf-8 found"]),
        ("cp99999", "latin-1", ["p.xml: cp99999 expected, latin-1 found"]),
        ("hz-none", "latin-1", ["p.xml: hz-none expected, latin-1 found"]),
        ("utf-8", "latin-1", ["p.xml: utf-8 expected, latin-1 found"]),
        ("ascii", "latin-1", ["p.xml: ascii expected, latin-1 found"]),
        ("utf-8", "utf-8", []),
        ("UTF-8", "utf-8-sig", []),
        ("windows-1252", "windows-1252", []),
        ("koi8-r", "koi8-r", []),
        ("iso-2022-jp", "iso-2022-jp", []),
        ("shift_jis", "shift_jis", []),
        ("utf-16", "utf-16", []),
    ],
)
def test_encodings(declared: str, codec: str, told: list[str]) -> None:
    title = {"koi8-r": "Привет", "iso-2022-jp": "日本", "shift_jis": "日本"}.get(codec, "Säm\u00e9")
    findings = Findings()
    data = f'<?xml version="1.0" encoding="{declared}"?><course display_name="{title}"/>'.encode(codec)
    root = parse_xml(data, "p.xml", findings)
    assert root is not None
    assert root.get("display_name") == title
    assert findings.of(ENCODING) == told
    assert findings.of(MALFORMED) == []


def test_without_a_declaration_it_is_utf_8_or_latin_1() -> None:
    findings = Findings()
    assert text_of(parse_xml(b"<p>\xe9t\xe9</p>", "p.xml", findings)) == "été"
    assert findings.of(ENCODING) == ["p.xml: utf-8 expected, latin-1 found"]


@pytest.mark.parametrize("parse", [parse_xml, parse_html])
def test_characters_that_xml_has_not(parse: Callable[..., etree._Element | None]) -> None:
    findings = Findings()
    text = (
        "&#xD83D;&#xDE00;|&#0;|&#11;|&#x110000;|&#55357;|&#99999999999999999999;|\x0b|&#0000000065;|&#x1F600;"
    )
    root = parse(f'<p title="&#xDFFF;">{text}<!-- &#0; --></p>'.encode(), "p.xml", findings)
    # Two halves, then one each, then characters that XML has.
    assert text_of(root) == "\ufffd\ufffd|\ufffd|\ufffd|\ufffd|\ufffd|\ufffd|\ufffd|A|\U0001f600"
    assert root is not None
    assert [p.get("title") for p in root.iter("p")] == ["\ufffd"]
    assert findings.lines() == ["characters that XML has not, replaced by U+FFFD (1): p.xml: 9"]
    assert strict(root) is not None


def test_references_in_cdata_are_text() -> None:
    root, told = xml("<p><![CDATA[&#0;&#xD800;&nbsp;]]>&#65;</p>")
    assert text_of(root) == "&#0;&#xD800;&nbsp;A"
    assert told == []


def test_what_has_no_end_is_looked_for_once() -> None:
    # Looked for from each of these beginnings, an end would be looked for in 10^12 places.
    for beginning in (b"<!--", b"<![CDATA["):
        root, told = xml(b"<p>&nbsp;&#0;" + beginning * 600_000)
        assert text_of(root).startswith("\u00a0\ufffd")
        assert len(told) == 1
    root, _ = xml(b"<?xml " + b"encoding " * 1_000_000)
    assert root is None


def test_texts_between_comments_are_put_together_once() -> None:
    root, _ = xml(
        b'<p xmlns="http://p">' + b"a<!-- -->&amp;" * 200_000 + b"<q/>" + b"b<?x?>" * 200_000 + b"</p>"
    )
    assert root is not None
    assert root.text == "a&" * 200_000
    assert root[0].tail == "b" * 200_000


@pytest.mark.parametrize("unit", [b"<a/>", b" a=''"])
@pytest.mark.parametrize("parse", [parse_xml, parse_html])
def test_more_markup_than_a_course_has(parse: Callable[..., object], unit: bytes) -> None:
    most = markup.MOST_MARKUP
    assert most == 2_000_000
    with pytest.raises(InputError, match=r"problem/p\.xml has more than 2 000 000 tags and attributes"):
        parse(b"<p" + unit * most + b"/>", "problem/p.xml", Findings())


def test_a_bundle_may_have_more_than_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MOST_MARKUP", 10)
    monkeypatch.setattr(markup, "MOST_MARKUP_OF_COURSE", 20)
    assert len(parse_bundle(b"<course>" + b"<a/>" * 18 + b"</course>", "x.xml")) == 18
    with pytest.raises(InputError, match=r"x\.xml has more than 20 tags"):
        parse_bundle(b"<course>" + b"<a/>" * 19 + b"</course>", "x.xml")


@pytest.mark.parametrize("parse", [parse_xml, parse_html])
@pytest.mark.parametrize("broken", ["", "<b>"])
def test_an_element_with_too_many_attributes(parse: Callable[..., object], broken: str) -> None:
    # They are looked for one by one: 200 000 would take 10^10 looks.
    for number, fits in (
        (markup.MOST_ATTRIBUTES, True),
        (markup.MOST_ATTRIBUTES + 1, False),
        (200_000, False),
    ):
        attributes = " ".join(f"x{n}=''" for n in range(number))
        data = f"<p {attributes}>{broken}</p>".encode()
        if fits:
            assert parse(data, "problem/p.xml", Findings()) is not None
        else:
            with pytest.raises(InputError, match="an element with more than 1 000 attributes"):
                parse(data, "problem/p.xml", Findings())


def test_messages_are_short_and_on_one_line() -> None:
    _, told = xml("<p><" + "x" * 100_000 + "></p>")
    assert len(told) == 1
    assert len(told[0]) < 300
    with pytest.raises(InputError) as error:
        parse_bundle(b"<p><" + b"x" * 100_000 + b"></p>", "b\n.xml")
    assert len(str(error.value)) < 300
    assert str(error.value).startswith("b\\n.xml is not well-formed")


def test_a_declared_encoding_is_used() -> None:
    root, told = xml('<?xml version="1.0" encoding="iso-8859-1"?><problem>été</problem>'.encode("latin-1"))
    assert text_of(root) == "été"
    assert told == []
    assert text_of(xml("<problem>été</problem>".encode("utf-16"))[0]) == "été"


@pytest.mark.parametrize("data", [b"", b"   ", b"hello", b"\0\0\0", b"<", b"<?xml version='1.0'?>"])
def test_no_usable_root(data: bytes) -> None:
    root, told = xml(data)
    assert root is None
    assert len(told) == 1


def test_external_entities_are_never_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    (tmp_path / "x.dtd").write_text('<!ENTITY inner "SECRET">')
    for doctype in (
        f'<!DOCTYPE p [<!ENTITY inner SYSTEM "file://{secret}">]>',
        f'<!DOCTYPE p SYSTEM "file://{tmp_path}/x.dtd">',
        f'<!DOCTYPE p [<!ENTITY % more SYSTEM "file://{tmp_path}/x.dtd"> %more;]>',
    ):
        root, _ = xml(f"{doctype}<p>a&inner;b</p>")
        assert text_of(root) == "a&inner;b"
        assert "SECRET" not in etree.tostring(strict(root)).decode()


def test_a_document_type_is_not_looked_for(tmp_path: Path) -> None:
    (tmp_path / "x.dtd").write_text('<!ENTITY inner "SECRET">')
    for name in (f"file://{tmp_path}/x.dtd", f"{tmp_path}/x.dtd", "nothing.dtd"):
        root, told = xml(f'<!DOCTYPE problem SYSTEM "{name}"><problem x="a&inner;b"/>')
        assert root is not None
        assert root.get("x") == "ab"
        assert told == []


def test_entities_that_multiply_are_not_expanded() -> None:
    levels = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    doctype = f'<!DOCTYPE p [<!ENTITY a0 "aaaaaaaaaa">{levels}]>'
    assert len(text_of(xml(f"{doctype}<p>&a9;</p>")[0])) < 100
    root, told = xml(f'{doctype}<p x="&a9;"/>')
    assert root is None or len(root.get("x") or "") < 1000
    assert told


def test_namespaces_are_taken_off() -> None:
    root, told = xml(
        '<p xmlns="http://a" xmlns:m="http://m" xml:lang="de"><m:math m:x="1"/>'
        '<s xmlns="http://s" y="2"/></p>'
    )
    assert told == []
    assert root is not None
    assert [element.tag for element in root.iter()] == ["p", "math", "s"]
    assert root[0].attrib.items() == [("x", "1")]
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"
    assert b"xmlns" not in etree.tostring(root)


def test_deep_nesting() -> None:
    assert xml("<a>" * DEEPEST + "</a>" * DEEPEST)[0] is not None
    for levels in (DEEPEST + 1, 5000, 200_000):
        with pytest.raises(InputError, match=r"problem/p\.xml: nested deeper than 500 levels"):
            xml("<a>" * levels + "</a>" * levels)


def html(data: str | bytes) -> etree._Element | None:
    return parse_html(data.encode() if isinstance(data, str) else data, "html/h.html", Findings())


def test_html_is_utf_8_whatever_it_says_itself() -> None:
    assert text_of(html("<p>été ƒ</p>")) == "été ƒ"
    assert text_of(html('<meta charset="iso-8859-1"><p>été</p>')) == "été"
    assert text_of(html("\ufeff<p>été</p>")) == "été"


def test_html_that_is_no_utf_8_is_latin_1() -> None:
    assert text_of(html("<p>été</p>".encode("latin-1"))) == "été"


@pytest.mark.parametrize("data", [b"", b"  \n", b"<!-- nothing -->", b"\xef\xbb\xbf"])
def test_html_without_content(data: bytes) -> None:
    assert html(data) is None


def test_broken_html_becomes_well_formed() -> None:
    root = html(
        '<o:p @click="1" a"b=3 xlink:href="q" 1x="2" xmlns="foo">a<br>b &amp; &nbsp; c<b>d</o:p>'
        "<!-- x -- y -->"
        "<?php echo ?><svg xmlns='http://s' viewBox='1'><path/></svg>\x0b\x00<p>unclosed"
    )
    again = strict(root)
    assert "d" in text_of(again)
    assert "unclosed" in text_of(again)
    assert all("}" not in str(element.tag) for element in again.iter())
    assert [p.attrib.items() for p in again.iter("p")] == [[("href", "q")], []]


def test_html_nested_too_deep_keeps_its_beginning() -> None:
    findings = Findings()
    root = parse_html(b"<font>" * 600 + b"x", "html/h.html", findings)
    assert root is not None
    assert findings.of(MALFORMED) == ["html/h.html: nested too deep, only its beginning is used"]


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
@settings(max_examples=150)
def test_any_bytes_give_well_formed_xml(data: bytes) -> None:
    for parse in (parse_html, parse_xml):
        for content in (data, b'<html a="1">' + data + b"<p>x</p></html>"):
            root = parse(content, "x", Findings())
            if root is not None:
                strict(root)


@given(st.text(alphabet="<>/&;=\"' abx:!-[]?\n\u00e9", max_size=60))
@settings(max_examples=150)
def test_anything_like_markup_gives_well_formed_xml(text: str) -> None:
    for parse in (parse_html, parse_xml):
        root = parse(f"<problem>{text}</problem>".encode(), "x", Findings())
        if root is not None:
            strict(root)


def test_a_bundle_must_be_well_formed() -> None:
    assert parse_bundle(b"<course><a/></course>", "x.xml").tag == "course"
    with pytest.raises(InputError, match=r"x\.xml is not well-formed XML: Opening and ending tag mismatch"):
        parse_bundle(b"<course><a></course>", "x.xml")


def test_text_for_xml() -> None:
    assert clean_text("a\x00b\ud800c\td\u00e9\U0001f600\ufffe") == "a\ufffdb\ufffdc\td\u00e9\U0001f600\ufffd"
    assert decode(b"\xef\xbb\xbfa") == "a"
    assert decode(b"\xe9") == "é"
