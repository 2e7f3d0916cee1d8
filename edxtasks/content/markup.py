"""XML and HTML of a course export: parsed safely, made plain.

Nothing outside a file is ever fetched, no entity is expanded. Whatever comes out has names that XML allows,
no namespaces and no entity references, so that it can be put into one tree and written as XML.
"""

from __future__ import annotations

import html.entities
import re
from typing import cast

from lxml import etree

from edxtasks.content.findings import MALFORMED, Findings
from edxtasks.errors import InputError

DEEPEST = 500
"""Most levels of nesting, in one file and in the whole course."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITY = re.compile(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|&([A-Za-z][A-Za-z0-9]*);", re.DOTALL)
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
_ASCII_COMPATIBLE = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252"})
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_XML_NAMESPACE = "{http://www.w3.org/XML/1998/namespace}"


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


def parse_xml(data: bytes, name: str, findings: Findings) -> etree._Element | None:
    """The root of an XML document, plain; None when there is no usable one.

    A document that is not well-formed, or uses entities that are not defined (`&nbsp;`), is repaired as far
    as it goes; that is told to `findings` with `name` and the line. Raises `InputError` when the document
    is nested deeper than `DEEPEST`.
    """
    try:
        root = etree.fromstring(data, _xml_parser(data))
    except etree.XMLSyntaxError as error:
        if "Excessive depth" in str(error):
            raise InputError(f"{name}: nested deeper than {DEEPEST} levels.") from error
        line = error.position[0] if error.position else 1
        findings.add(MALFORMED, f"{name} line {line}: {_message(error)}")
        root = _recover(data)
        root = _plain(root) if root is not None else None
    if root is None:
        return None
    _check_depth(root, name)
    return root if all(_is_plain(element) for element in root.iter()) else _plain(root)


def parse_html(data: bytes, name: str, findings: Findings) -> etree._Element | None:
    """The root (`html`) of a fragment of HTML, plain, without comments; None when it has no content.

    Read leniently, as UTF-8 and, where it is none, as Latin-1.
    """
    text = decode(data)
    if not text.strip():
        return None
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
    return _plain(root)


def parse_bundle(data: bytes, name: str) -> etree._Element:
    """The root of a bundle (a whole course in one XML file).

    Raises `InputError` with name and line when it is not well-formed.
    """
    try:
        root = etree.fromstring(data, _xml_parser(data))
    except etree.XMLSyntaxError as error:
        raise InputError(f"{name} is not well-formed XML: {_message(error)}") from error
    _check_depth(root, name)
    return root if all(_is_plain(element) for element in root.iter()) else _plain(root)


def _xml_parser(data: bytes, recover: bool = False, encoding: str | None = None) -> etree.XMLParser:
    # Only a document type can define entities; without one the limits that guard against their
    # multiplication are not needed, and they would forbid long and deeply nested documents.
    declared = _ENCODING.match(data)
    readable = declared is None or declared[1].lower() in _ASCII_COMPATIBLE
    harmless = readable and b"<!DOCTYPE" not in data and b"\0" not in data
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=harmless,
        recover=recover,
        encoding=encoding,
    )


def _recover(data: bytes) -> etree._Element | None:
    """What a forgiving parser makes of a document, with HTML's entities replaced by their characters."""
    encoding = None
    declared = _ENCODING.match(data)
    if b"\0" not in data and (declared is None or declared[1].lower() in {b"utf-8", b"utf8"}):
        data = decode(data).encode()
        encoding = "utf-8"
    if b"<!DOCTYPE" not in data:
        data = _ENTITY.sub(_character_reference, data)
    try:
        return etree.fromstring(data, _xml_parser(data, recover=True, encoding=encoding))
    except etree.XMLSyntaxError:
        return None  # told by the caller


def _character_reference(found: re.Match[bytes]) -> bytes:
    name = (found[1] or b"").decode()
    if name in _XML_ENTITIES or name not in html.entities.name2codepoint:
        return found[0]
    return b"&#%d;" % html.entities.name2codepoint[name]


def _message(error: etree.XMLSyntaxError) -> str:
    return re.sub(r", line \d+, column \d+.*$", "", str(error), flags=re.DOTALL)


def _check_depth(root: etree._Element, name: str) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            raise InputError(f"{name}: nested deeper than {DEEPEST} levels.")


def _plain(root: etree._Element) -> etree._Element:
    """The tree of `root` made anew with plain names and text, without comments."""
    made = etree.Element(_plain_name(str(root.tag)) or "span")
    waiting = [(root, made)]
    while waiting:
        source, target = waiting.pop()
        for written, value in source.attrib.items():
            name = _plain_attribute(str(written))
            if name and name not in target.attrib:
                target.set(name, clean_text(str(value)))
        _append_text(target, source.text)
        for child in source:
            # Comments and processing instructions have no meaning in a course.
            if isinstance(child.tag, str):
                copy = etree.SubElement(target, _plain_name(child.tag) or "span")
                waiting.append((child, copy))
            elif _is_entity(child):
                _append_text(target, _entity_text(child))
            _append_text(target, child.tail)
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


def _append_text(target: etree._Element, text: str | None) -> None:
    """Add text behind what `target` holds so far."""
    if not text:
        return
    text = clean_text(text)
    if len(target):
        target[-1].tail = (target[-1].tail or "") + text
    else:
        target.text = (target.text or "") + text
