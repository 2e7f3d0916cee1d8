"""The outlines of the countries of the world, for maps (LICENCE.md tells where they come from)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import orjson


@dataclass(frozen=True)
class Outlines:
    """A map `width` wide and `height` high: paths and dots (x, y) by two-letter code, and land of no code."""

    width: float
    height: float
    paths: Mapping[str, str]
    dots: Mapping[str, tuple[float, float]]
    rest: str


@functools.cache
def outlines() -> Outlines:
    """The map, read once."""
    read = orjson.loads((files(__name__) / "outlines.json").read_bytes())
    dots = {code: (x, y) for code, (x, y) in read["dots"].items()}
    return Outlines(read["width"], read["height"], read["paths"], dots, read["rest"])
