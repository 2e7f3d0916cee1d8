"""Pages as HTML: one file each, with all that it needs, the same bytes for the same content.

Templates escape whatever is put into them. A page forbids itself to load anything or to run a script other
than its own: text of a course or of a person stays text, whatever is in it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from edxtasks.pages.figures import Figure, cell
from edxtasks.printable import quantity

NARROW, MEDIUM, LARGE = 310, 520, 1060
"""Widths, in CSS pixels, for which pictures are drawn: a phone, a column, the whole page."""


def render(template: str, script_file: str = "", **values: object) -> bytes:
    """A page from a template of this package. `script_file` lies beside it: the script that the page runs."""
    text = _file(script_file) if script_file else ""
    page = _environment().get_template(template)
    return page.render(policy=policy(text), script=Markup(text), **values).encode()


def policy(script: str) -> str:
    """The content security policy of a page that has this script, or none."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scripts = f"; script-src 'sha256-{digest}'" if script else ""
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        f"form-action 'none'{scripts}"
    )


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("edxtasks.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = cell
    environment.filters["marked"] = marked
    environment.filters["quantity"] = quantity
    environment.filters["pictures"] = pictures
    return environment


def marked(text: str) -> Markup:
    """A text of the registry, escaped; what stands in backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick without another
        return escape(text)
    pieces = (
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )
    return Markup("").join(pieces)


def pictures(figure: Figure) -> Iterator[tuple[str, Markup]]:
    """The pictures of a figure with the classes of the widths that each is for."""
    if figure.picture is None:
        return
    if figure.scales:
        yield "any", figure.picture(LARGE)
        return
    yield "narrow", figure.picture(NARROW)
    yield ("medium" if figure.wide else "medium largest"), figure.picture(MEDIUM)
    if figure.wide:
        yield "large", figure.picture(LARGE)


def _file(name: str) -> str:
    return (files("edxtasks.pages") / "templates" / name).read_text(encoding="utf-8")
