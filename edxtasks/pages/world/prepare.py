"""Makes `outlines.json` from Natural Earth's countries; run by hand when a newer map is wanted.

    python -m edxtasks.pages.world.prepare countries-110m.json countries-50m.json

The two files are those of the JavaScript package `world-atlas` (TopoJSON of Natural Earth, public domain).
Countries that the coarse map lacks become dots, at the middle of their largest island on the finer one.
Antarctica is left out. Coordinates are those of the Equal Earth projection, in units of which the map is
1000 wide, 0 at the left and at the top.
"""

from __future__ import annotations

import csv
import itertools
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

HERE = Path(__file__).parent
COUNTRIES = HERE.parents[1] / "geolocation" / "geographic_regions_by_country.csv"
WIDTH = 1000
_ANTARCTICA = "010"
_WITHOUT_NUMBER = {"Kosovo": "XK"}
_A = (1.340264, -0.081106, 0.000893, 0.003796)

Point = tuple[float, float]
Ring = list[Point]


def equal_earth(longitude: float, latitude: float) -> Point:
    """The projection of Šavrič, Patterson and Jenny (2018), for a sphere of radius 1."""
    theta = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))
    square = theta * theta
    sixth = square**3
    slope = _A[0] + 3 * _A[1] * square + sixth * (7 * _A[2] + 9 * _A[3] * square)
    x = 2 * math.sqrt(3) * math.radians(longitude) * math.cos(theta) / (3 * slope)
    return x, theta * (_A[0] + _A[1] * square + sixth * (_A[2] + _A[3] * square))


_SCALE = WIDTH / (2 * equal_earth(180, 0)[0])
_TOP = equal_earth(0, 84)[1]


def on_map(longitude: float, latitude: float) -> Point:
    """A place on the map."""
    x, y = equal_earth(longitude, latitude)
    return WIDTH / 2 + x * _SCALE, (_TOP - y) * _SCALE


def arcs_of(topology: dict[str, Any]) -> list[Ring]:
    """The arcs of a topology in degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    return arcs


def outer_rings(geometry: dict[str, Any], arcs: Sequence[Ring]) -> list[Ring]:
    """The rings of a country; holes are rings as well (the path is filled by the even-odd rule)."""
    arcs_given = geometry.get("arcs", [])
    polygons = [arcs_given] if geometry.get("type") == "Polygon" else arcs_given
    rings = []
    for polygon in polygons:
        for ring in polygon:
            points: Ring = []
            for number in ring:
                arc = arcs[number] if number >= 0 else arcs[~number][::-1]
                points += arc[1:] if points else arc
            rings.append(points)
    return rings


def cut(ring: Ring) -> list[Ring]:
    """A ring cut where it crosses 180 degrees, into rings that do not."""
    unwrapped = [ring[0]]
    for longitude, latitude in ring[1:]:
        before = unwrapped[-1][0]
        turns = round((before - longitude) / 360)
        unwrapped.append((longitude + 360 * turns, latitude))
    pieces = []
    for shift in (-360, 0, 360):
        piece = [(x + shift, y) for x, y in unwrapped]
        for edge, sign in ((180.0, 1), (-180.0, -1)):
            piece = _clipped(piece, edge, sign)
        if len(piece) > 2:
            pieces.append(piece)
    return pieces


def _clipped(ring: Ring, edge: float, sign: int) -> Ring:
    kept: Ring = []
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        inside0, inside1 = sign * (x0 - edge) <= 0, sign * (x1 - edge) <= 0
        if inside0:
            kept.append((x0, y0))
        if inside0 is not inside1:
            part = (edge - x0) / (x1 - x0)
            kept.append((edge, y0 + part * (y1 - y0)))
    return kept


def path_of(rings: Iterable[Ring]) -> str:
    """The rings as a path of SVG, to a tenth of a unit; points that fall together are one."""
    parts = []
    for ring in rings:
        for piece in cut(ring):
            points: list[tuple[int, int]] = []
            for x, y in (on_map(*point) for point in piece):
                at = (round(x * 2), round(y * 2))
                if not points or at != points[-1]:
                    points.append(at)
            if len(points) < 3:
                continue
            steps = [
                f"{_half(x1 - x0)},{_half(y1 - y0)}" for (x0, y0), (x1, y1) in itertools.pairwise(points)
            ]
            parts.append(f"M{_half(points[0][0])},{_half(points[0][1])}l{' '.join(steps)}z")
    return "".join(parts)


def _half(number: int) -> str:
    return f"{number / 2:g}"


def _area(ring: Ring) -> float:
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True)))


def middle(rings: Sequence[Ring]) -> list[float]:
    """The middle of the largest of some rings, on the map."""
    largest = max(rings, key=_area)
    xs, ys = [x for x, _ in largest], [y for _, y in largest]
    x, y = on_map((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    return [round(x, 1), round(y, 1)]


def outlines(coarse: dict[str, Any], fine: dict[str, Any]) -> dict[str, Any]:
    """What the map is drawn from: `paths` of countries by two-letter code, `dots` of the small ones."""
    with COUNTRIES.open(newline="") as file:
        codes = {row["code"]: row["cc"] for row in csv.DictReader(file)}
    paths: dict[str, str] = {}
    dots: dict[str, list[float]] = {}
    rest: list[Ring] = []
    for topology, small in ((coarse, False), (fine, True)):
        arcs = arcs_of(topology)
        for geometry in topology["objects"]["countries"]["geometries"]:
            if geometry.get("id") == _ANTARCTICA:
                continue
            name = geometry["properties"]["name"]
            code = codes.get(geometry.get("id", ""), _WITHOUT_NUMBER.get(name, ""))
            rings = outer_rings(geometry, arcs)
            if not small and code:
                paths[code] = path_of(rings)
            elif not small:
                rest += rings
            elif code and code not in paths and rings:
                dots[code] = middle(rings)
    height = round((_TOP - equal_earth(0, -57)[1]) * _SCALE)
    return {"width": WIDTH, "height": height, "paths": paths, "dots": dots, "rest": path_of(rest)}


def main() -> None:
    """Write `outlines.json` beside this file."""
    coarse, fine = (orjson.loads(Path(name).read_bytes()) for name in sys.argv[1:3])
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    (HERE / "outlines.json").write_bytes(orjson.dumps(outlines(coarse, fine), option=options))


if __name__ == "__main__":
    main()
