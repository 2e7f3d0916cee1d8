"""Which course an event is of: the keys that count, and the URLs that name one."""

from __future__ import annotations

import pytest

from edxtasks.logs.rows.event_course import (
    course_in_url,
    course_of_key,
    course_of_page,
    opaque_course_of_page,
)


@pytest.mark.parametrize(
    ("key", "course"),
    [
        ("MITx/8.01x/2013_Spring", "MITx/8.01x/2013_Spring"),
        (" MITx/8.01x/2013_Spring\n", "MITx/8.01x/2013_Spring"),
        ("course-v1:MITx+6.00x+1T2015", "MITx/6.00x/1T2015"),
        ("course-v1:MITx%2B6.00x%2b1T2015", "MITx/6.00x/1T2015"),
        ("course-v1%3AMITx%2B6.00x%2B1T2015", "MITx/6.00x/1T2015"),
        ("course-v1:MITx 6.00x 1T2015", "MITx/6.00x/1T2015"),
        ("course-v1:MITx%206.00x%201T2015", "MITx/6.00x/1T2015"),
        ("ÉcoleX/Été.1/2015~a:b", "ÉcoleX/Été.1/2015~a:b"),
        ("MITx/8.01x", None),
        ("MITx/8.01x/2013/more", None),
        ("MITx/8.01x/2013/", None),
        ("MITx//2013", None),
        ("MITx/../2013", None),
        ("MITx/./2013", None),
        ("MITx/8.01x/2013;rm", None),
        ("MITx/8.01x/20 13", None),
        ("library-v1:MITx+lib", None),
        ("ccx-v1:MITx+8.01x+2013+ccx@1", None),
        ("course-v1:MITx+8.01x", None),
        ("course-v1:MITx/8.01x/2013", None),
        ("", None),
        ("a/b/" + "c" * 234, "a/b/" + "c" * 234),  # a folder name a__b__ccc… of 240 bytes
        ("a/b/" + "c" * 235, None),
        ("a/b/" + "é" * 117, "a/b/" + "é" * 117),
        ("a/b/" + "é" * 117 + "c", None),
    ],
)
def test_keys(key: str, course: str | None) -> None:
    assert course_of_key(key) == course


@pytest.mark.parametrize(
    ("url", "course"),
    [
        ("/courses/course-v1:MITx+6.00x+1T2015", "MITx/6.00x/1T2015"),
        ("/courses/course-v1:MITx+6.00x+1T2015/courseware/a/b/", "MITx/6.00x/1T2015"),
        ("/courses/course-v1:MITx+6.00x+1T2015?x=1", "MITx/6.00x/1T2015"),
        ("/courses/course-v1:MITx+6.00x+1T2015#x", "MITx/6.00x/1T2015"),
        ("https://h/courses/course-v1:MITx%2B6.00x%2B1T2015/info", "MITx/6.00x/1T2015"),
        ("https://h/courses/MITx/8.01x/2013/info", "MITx/8.01x/2013"),
        ("/courses/MITx/8.01x/2013/", "MITx/8.01x/2013"),
        ("/courses/MITx/8.01x/2013", None),
        ("/courses/MITx/8.01x/about", None),
        ("/courses/course-v1:MITx+6.00x/courseware/a/", None),
        ("/courses/course-v1:bad/courseware/a/", None),
        ("/courses/MITx/8.01x/20+13/", None),
        ("/dashboard", None),
        # Paths of the platform's API: the course, if any, is named further on.
        ("/api/courses/v1/courses/UnivX/3.14x/T1/", "UnivX/3.14x/T1"),
        ("/api/courses/v1/courses/course-v1:UnivX+3.14x+T1/", "UnivX/3.14x/T1"),
        ("https://h/api/courses/v12/courses/UnivX/3.14x/T1/", "UnivX/3.14x/T1"),
        ("/api/courses/v2/blocks/all/", None),
        ("/api/courses/v1/blocks/i4x/x/", None),
        ("/api/courses/v1/courses/", None),
        ("/courses/v1/v2/v3/x", None),
        ("/courses/v1x/3.14x/T1/", "v1x/3.14x/T1"),
        ("/courses/vX/v1/T1/", "vX/v1/T1"),
        # Browsers escape letters beyond ASCII, and some more than that.
        ("/courses/%C3%89coleX/%C3%89t%c3%a9.1/2016_%E6%98%A5/x", "ÉcoleX/Été.1/2016_春"),
        ("/courses/course-v1:%C3%89coleX+%C3%89t%C3%A9.1+2016_%E6%98%A5/x", "ÉcoleX/Été.1/2016_春"),
        ("https://h/courses/course-v1%3AMITx%2B6.00x%2b1T2015/info", "MITx/6.00x/1T2015"),
        ("/courses/MITx%2F8.01x%2F2013%2F", "MITx/8.01x/2013"),
        ("/courses/%FF%FE/8.01x/2013/", None),  # no UTF-8
        ("/courses/MITx/8.01x/100%/", None),
        ("", None),
    ],
)
def test_urls(url: str, course: str | None) -> None:
    assert course_in_url(url) == course
    assert course_of_page(url) == course


@pytest.mark.parametrize(
    ("page", "course"),
    [
        ("https://learning.edx.org/course/course-v1:MITx+6.00x+1T2015/home", "MITx/6.00x/1T2015"),
        ("https://h/xblock/block-v1:MITx+6.00x+1T2015+type@vertical+block@ab?x=1", "MITx/6.00x/1T2015"),
        ("https://h/xblock/block-v1:MITx+6.00x+type@vertical+block@ab", None),
        ("https://h/xblock/block-v1%3AMITx%2B6.00x%2B1T%2Btype%40vertical%2Bblock%40ab", "MITx/6.00x/1T"),
        ("https://h/course/course-v1:%C3%89coleX+%C3%89t%C3%A9.1+T/home", "ÉcoleX/Été.1/T"),
        ("https://h/course/MITx/6.00x/1T2015/", None),
    ],
)
def test_only_pages(page: str, course: str | None) -> None:
    assert course_of_page(page) == course
    assert course_in_url(page) is None


def test_opaque_pages() -> None:
    assert opaque_course_of_page("https://h/courses/course-v1:MITx+6.00x+1T2015/x") == "MITx/6.00x/1T2015"
    assert opaque_course_of_page("https://h/courses/MITx/6.00x/1T2015/x") is None
