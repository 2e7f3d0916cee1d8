"""XML and HTML of a course export: parsed safely, made plain.

Nothing outside a file is ever fetched, no entity is expanded. Whatever comes out has names that XML allows,
no namespaces and no entity references, so that it can be put into one tree and written as XML.
"""

from __future__ import annotations

import codecs
import html.entities
import re
from typing import cast

from lxml import etree

from edxtasks.content.findings import CHARACTERS, ENCODING, MALFORMED, Findings
from edxtasks.errors import InputError
from edxtasks.printable import number, printable, printable_path

DEEPEST = 500
"""Most levels of nesting, in one file and in the whole course."""

MOST_MARKUP = 2_000_000
MOST_MARKUP_OF_COURSE = 8_000_000
"""Most `<` and `=` in one file, and in all of a course: a tree takes hundreds of bytes for each."""

MOST_ATTRIBUTES = 1_000
"""Most attributes of one element: libxml2 goes through all of them to find one."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What has no end goes to the end of the file: else it would be looked for from each beginning again.
_LITERAL = r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
_ENTITY = re.compile(_LITERAL + r"|&([A-Za-z][A-Za-z0-9]{0,40});", re.DOTALL)
_REFERENCE = re.compile(
    _LITERAL + r"|&#(?:0*([0-9]{1,7})|[xX]0*([0-9A-Fa-f]{1,6})|[0-9]+|[xX][0-9A-Fa-f]+);", re.DOTALL
)
_DECLARATION = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._\-]+)""")
_TAG = re.compile(r"""<[A-Za-z](?:[^>"'=]++|=\s*"[^"]*"|=\s*'[^']*'|[="'])*+""")
_VALUE = re.compile(r"""=\s*"[^"]*"|=\s*'[^']*'|/""")
_LONG_TAG = 5 * MOST_ATTRIBUTES
_LONGEST_DECLARATION = 1000
_LONGEST_MESSAGE = 200
_ERROR_POSITION = re.compile(r", line [0-9]{1,10}, column [0-9]{1,10}")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_XML_NAMESPACE = "{http://www.w3.org/XML/1998/namespace}"
_CODECS = ("iso8859", "cp", "koi8", "gb", "big5", "euc", "shift_jis", "iso2022", "hz", "mac", "tis", "utf-8")
"""How the names of codecs begin that a document may declare: others of Python are none of text, or slow."""

_SEVEN_BIT = ("iso2022", "hz")
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
"""How files begin whose characters are of two or four bytes."""


def is_name(text: str) -> bool:
    """Whether `text` is an element or attribute name as OLX has them: ASCII, no prefix."""
    return _NAME.fullmatch(text) is not None


def clean_text(text: str) -> str:
    """`text` with what no XML document can hold (control characters, half surrogates) replaced by U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text)


def decode(data: bytes) -> str:
    """Text of bytes that are UTF-8, with or without a byte order mark, else taken as Latin-1."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def amount_of_markup(data: bytes) -> int:
    """At least as many as a file has tags and attributes: the `<` and `=` in it."""
    return data.count(b"<") + data.count(b"=")


def parse_xml(data: bytes, name: str, findings: Findings) -> etree._Element | None:
    """The root of an XML document, plain; None when there is no usable one.

    Read as UTF-8, else in the encoding that it declares, else as Latin-1. A document that is not well-formed,
    or uses entities that are not defined (`&nbsp;`), is repaired as far as it goes; characters that XML has
    not become U+FFFD. All of that is told to `findings` with `name`. Raises `InputError` when the document is
    nested deeper than `DEEPEST`, or has more than `MOST_MARKUP` tags and attributes.
    """
    data = _utf_8(data, name, findings, MOST_MARKUP)
    try:
        root = etree.fromstring(data, _xml_parser(data))
    except etree.XMLSyntaxError as error:
        if "Excessive depth" in str(error):
            raise InputError(f"{printable_path(name)}: nested deeper than {DEEPEST} levels.") from error
        line = error.position[0] if error.position else 1
        findings.add(MALFORMED, f"{name} line {line}: {_message(error)}")
        repaired = _recover(data)
        if repaired is None:
            return None
        _check_shape(repaired, name)
        return _plain(repaired)
    _check_shape(root, name)
    return root if all(_is_plain(element) for element in root.iter()) else _plain(root)


def parse_html(data: bytes, name: str, findings: Findings) -> etree._Element | None:
    """The root (`html`) of a fragment of HTML, plain, without comments; None when it has no content.

    Read leniently, as UTF-8 and, where it is none, as Latin-1. Raises `InputError` when it has more than
    `MOST_MARKUP` tags and attributes.
    """
    text = decode(data)
    if not text.strip():
        return None
    _check_size(data, name, MOST_MARKUP)
    text = _without_forbidden(text, name, findings)
    _check_tags(text, name)
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        findings.add(MALFORMED, f"{name}: {_message(error)}")
        return None
    if root is None:
        return None
    if any("Excessive depth" in entry.message for entry in parser.error_log):
        findings.add(MALFORMED, f"{name}: nested too deep, only its beginning is used")
    _check_shape(root, name)
    return _plain(root)


def parse_bundle(data: bytes, name: str) -> etree._Element:
    """The root of a bundle (a whole course in one XML file).

    Raises `InputError` with name and line when it is not well-formed, and when it is nested too deep or too
    large.
    """
    data = _utf_8(data, name, Findings(), MOST_MARKUP_OF_COURSE)
    try:
        root = etree.fromstring(data, _xml_parser(data))
    except etree.XMLSyntaxError as error:
        line = error.position[0] if error.position else 1
        raise InputError(
            f"{printable_path(name)} is not well-formed XML: {_message(error)} (line {line})."
        ) from error
    _check_shape(root, name)
    return root if all(_is_plain(element) for element in root.iter()) else _plain(root)


def _utf_8(data: bytes, name: str, findings: Findings, most_markup: int) -> bytes:
    """An XML document as UTF-8, without characters that XML has not."""
    _check_size(data, name, most_markup)
    wide = next((codec for mark, codec in _WIDE if data.startswith(mark)), None)
    if wide is not None:
        text = data.decode(wide, "replace")
    else:
        declared = _declared_codec(data)
        text, codec = _decoded(data, declared)
        if codec not in {declared or "utf-8", "ascii"}:
            findings.add(ENCODING, f"{name}: {declared or 'utf-8'} expected, {codec} found")
    return _without_forbidden(text.removeprefix("\ufeff"), name, findings).encode()


def _decoded(data: bytes, declared: str | None) -> tuple[str, str]:
    """The text of bytes, and the codec that it was read with; `ascii` where that makes no difference."""
    known = declared if declared is not None and declared.startswith(_CODECS) else "utf-8"
    if data.isascii() and not known.startswith(_SEVEN_BIT):
        return data.decode("ascii"), "ascii"
    for codec in (known, "utf-8") if data.isascii() else ("utf-8", known):
        try:
            return data.decode(codec), codec
        except (UnicodeDecodeError, LookupError):  # it may only begin like one that Python has
            continue
    return data.decode("latin-1"), "latin-1"


def _declared_codec(data: bytes) -> str | None:
    """The codec of Python for the encoding that a document declares, the encoding itself where Python has
    none; None where it declares none."""
    found = _DECLARATION.match(data[:_LONGEST_DECLARATION])
    if found is None:
        return None
    encoding = found[1].decode().lower()
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return encoding


def _without_forbidden(text: str, name: str, findings: Findings) -> str:
    """`text` with U+FFFD for characters, and references to characters, that XML has not: they are counted."""
    text, replaced = _FORBIDDEN.subn("\ufffd", text)
    if "&#" in text:
        references = 0

        def allowed(found: re.Match[str]) -> str:
            nonlocal references
            if not found[0].startswith("&#") or _names_a_character(found[1], found[2]):
                return found[0]
            references += 1
            return "\ufffd"

        text = _REFERENCE.sub(allowed, text)
        replaced += references
    if replaced:
        findings.add(CHARACTERS, f"{name}: {number(replaced)}")
    return text


def _names_a_character(decimal: str | None, hexadecimal: str | None) -> bool:
    """Whether the digits of a character reference (None: too many digits) name a character of XML."""
    point = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else -1
    return 0 <= point <= 0x10FFFF and not _FORBIDDEN.match(chr(point))


def _check_size(data: bytes, name: str, most: int) -> None:
    if amount_of_markup(data) > most:
        raise InputError(
            f"{printable_path(name)} has more than {number(most)} tags and attributes: too many for a course."
        )


def _xml_parser(data: bytes, recover: bool = False) -> etree.XMLParser:
    # Only a document type can define entities; without one the limits that guard against their
    # multiplication are not needed, and they would forbid long and deeply nested documents.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=b"<!DOCTYPE" not in data,
        recover=recover,
        encoding="utf-8",
    )


def _recover(data: bytes) -> etree._Element | None:
    """What a forgiving parser makes of a document, with HTML's entities replaced by their characters."""
    if b"<!DOCTYPE" not in data:
        data = _ENTITY.sub(_character, data.decode()).encode()
    try:
        return etree.fromstring(data, _xml_parser(data, recover=True))
    except etree.XMLSyntaxError:
        return None  # told by the caller


def _character(found: re.Match[str]) -> str:
    name = found[1] or ""
    if name in _XML_ENTITIES or name not in html.entities.name2codepoint:
        return found[0]
    return chr(html.entities.name2codepoint[name])


def _message(error: etree.XMLSyntaxError) -> str:
    text = str(error)
    position = _ERROR_POSITION.search(text)
    return printable(text[: position.start()] if position else text, _LONGEST_MESSAGE)


def _check_tags(text: str, name: str) -> None:
    """Raise `InputError` for a tag that looks as if it had far too many attributes: the parser of HTML takes
    quadratic time for them, before the tree could be checked."""
    for found in _TAG.finditer(text):
        if len(found[0]) > _LONG_TAG and len(_VALUE.sub(" ", found[0]).split()) > _LONG_TAG:
            raise _too_many_attributes(name)


def _too_many_attributes(name: str) -> InputError:
    return InputError(
        f"{printable_path(name)} has an element with more than {number(MOST_ATTRIBUTES)} attributes."
    )


def _check_shape(root: etree._Element, name: str) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            raise InputError(f"{printable_path(name)}: nested deeper than {DEEPEST} levels.")
        if len(element.attrib) > MOST_ATTRIBUTES:
            raise _too_many_attributes(name)


def _plain(root: etree._Element) -> etree._Element:
    """The tree of `root` rebuilt with plain names and text, without comments."""
    made = etree.Element(_plain_name(str(root.tag)) or "span")
    waiting = [(root, made)]
    while waiting:
        source, target = waiting.pop()
        for written, value in source.attrib.items():
            name = _plain_attribute(str(written))
            if name and name not in target.attrib:
                target.set(name, clean_text(str(value)))
        last: etree._Element | None = None
        text = [source.text or ""]
        for child in source:
            # Comments and processing instructions have no meaning in a course.
            if isinstance(child.tag, str):
                _set_text(target, last, text)
                last = etree.SubElement(target, _plain_name(child.tag) or "span")
                text = []
                if len(child.attrib) or child.text or next(child.iterchildren(), None) is not None:
                    waiting.append((child, last))
            elif _is_entity(child):
                text.append(_entity_text(child))
            text.append(child.tail or "")
        _set_text(target, last, text)
    return made


def _is_plain(element: etree._Element) -> bool:
    tag = element.tag
    if not isinstance(tag, str):
        return not _is_entity(element)
    return is_name(tag) and all(
        is_name(str(name)) or str(name).startswith(_XML_NAMESPACE) for name in element.attrib
    )


def _plain_name(name: str) -> str | None:
    """A name without namespace and prefix, or None when nothing that XML allows is left."""
    local = name.rpartition("}")[2].rpartition(":")[2]
    return local if is_name(local) else None


def _plain_attribute(name: str) -> str | None:
    """The same for an attribute; None also for the declaration of a namespace."""
    if name.startswith(_XML_NAMESPACE):
        return name
    if name == "xmlns" or name.startswith("xmlns:"):
        return None
    return _plain_name(name)


def _is_entity(node: etree._Element) -> bool:
    return cast("object", node.tag) is etree.Entity


def _entity_text(entity: etree._Element) -> str:
    name = (entity.text or "").strip("&;")
    point = html.entities.name2codepoint.get(name)
    return chr(point) if point is not None else f"&{name};"


def _set_text(target: etree._Element, last: etree._Element | None, text: list[str]) -> None:
    """Set the text of `target` behind its last child, or before all where it has none."""
    whole = clean_text("".join(text))
    if whole and last is not None:
        last.tail = whole
    elif whole:
        target.text = whole
