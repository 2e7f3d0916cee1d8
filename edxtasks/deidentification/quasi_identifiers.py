"""What may be known of a learner from elsewhere, and how it is told less and less exactly.

Gender, country, year of birth, level of education and the number of forum posts, after the person-course data
set of 2014; the set of courses is one, too (`course_sets.py`). Each attribute has levels, of which 0 is the
finest and the last tells nothing. What is not known looks the same as what is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

Cells = tuple[Hashable, ...]
"""What is published of an attribute: a value for each of its columns, None where none is."""


class Place(NamedTuple):
    """Where a country lies."""

    continent: str | None
    un_region: str | None


@dataclass(frozen=True)
class Attribute:
    """A quasi-identifier: the columns that tell it, what each level tells, in words, and `tell`, which gives
    what is published of a value at a level."""

    name: str
    columns: tuple[str, ...]
    levels: tuple[str, ...]
    tell: Callable[[Hashable, int], Cells]


NOTHING = "nothing"
"""The last level of each attribute, in words."""

_NOT_TOLD: Cells = (None,)


def _gender(value: Hashable, level: int) -> Cells:
    return (value,) if level == 0 and value in {"f", "m", "o"} else _NOT_TOLD


_EDUCATION = {
    "p": "doctorate",
    "p_se": "doctorate",
    "p_oth": "doctorate",
    "m": "master",
    "b": "bachelor",
    "a": "associate",
    "hs": "secondary",
    "jhs": "less than secondary",
    "el": "less than secondary",
    "none": "less than secondary",
    "other": "other",
}
"""By the code of edX."""

_DEGREE = {
    "doctorate": "degree",
    "master": "degree",
    "bachelor": "degree",
    "associate": "degree",
    "secondary": "no degree",
    "less than secondary": "no degree",
}


def _education(value: Hashable, level: int) -> Cells:
    name = _EDUCATION.get(value) if isinstance(value, str) else None
    if name is None or level > 1:
        return _NOT_TOLD
    return (name,) if level == 0 else (_DEGREE.get(name),)


_YEARS = (5, 10)


def _year(value: Hashable, level: int) -> Cells:
    if not isinstance(value, int) or level >= len(_YEARS):
        return _NOT_TOLD
    first = value - value % _YEARS[level]
    return (f"{first}-{first + _YEARS[level] - 1}",)


_POSTS = ((0, "0"), (4, "1-4"), (19, "5-19"))
_MANY_POSTS = "20 or more"
_ANY_POSTS = "1 or more"


def posts_told(posts: int, level: int) -> str | None:
    """What is told of a number of posts in the forum of a course."""
    if level == 0:
        return next((text for most, text in _POSTS if posts <= most), _MANY_POSTS)
    if level == 1:
        return _ANY_POSTS if posts > 0 else "0"
    return None


def _posts(value: Hashable, level: int) -> Cells:
    """Of the numbers of posts in each course."""
    assert isinstance(value, tuple)
    return tuple(posts_told(posts, level) for posts in value)


GENDER = Attribute("gender", ("gender",), ("gender", NOTHING), _gender)
EDUCATION = Attribute("LoE", ("LoE",), ("level of education", "degree or none", NOTHING), _education)
YEAR = Attribute("YoB", ("YoB",), ("five years", "ten years", NOTHING), _year)
POSTS_TOLD = Attribute(
    "nforum_posts", ("nforum_posts",), ("0, 1-4, 5-19 or 20 and more", "0 or more", NOTHING), _posts
)
"""Its value is a tuple, with the posts in each course."""


def country(places: Mapping[str, Place]) -> Attribute:
    """The country, with the places of the countries by two-letter code. One that has no place is told as a
    country or not at all."""

    def tell(value: Hashable, level: int) -> Cells:
        place = places.get(value) if isinstance(value, str) else None
        continent, region = place if place is not None else (None, None)
        if value is None or level > 2:
            return None, None, None
        if level == 0:
            return value, continent, region
        return None, continent if level == 1 else None, region

    columns = ("country", "continent", "un_region")
    return Attribute("country", columns, ("country", "continent", "UN region", NOTHING), tell)
