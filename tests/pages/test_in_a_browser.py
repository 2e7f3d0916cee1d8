"""Pages as a person meets them: in a browser, on a phone, on paper, by keyboard; with hostile names."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from numbers_by_hand import HOSTILE, days, everything, numbers, totals
from project import Project
from tables_by_hand import by_hand

from edxtasks.course import CourseKey
from edxtasks.pages.campus.page import CourseRow, Health, campus_page
from edxtasks.pages.catalog.page import catalog_page
from edxtasks.pages.course.page import course_page, sections
from edxtasks.pages.runs import Span, run_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COURSE = CourseKey("MITx", "2.03x", "3T2013")
OTHER = CourseKey("MITx", "6.00x", "2T2014")
Open = Callable[..., "Page"]
PATIENCE = 300_000
"""Milliseconds until something that hangs is given up."""


@pytest.fixture(scope="module")
def course_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a course in which whatever has a name has a hostile one."""
    path = tmp_path_factory.mktemp("page") / "course.html"
    path.write_bytes(course_page(COURSE, everything(HOSTILE), ["person_course"]))
    return path


@pytest.fixture(scope="module")
def campus_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a campus of three courses, the last without numbers."""
    second = everything("Zoology")
    second.rows["totals"][0]["registered"] = 2000  # type: ignore[index]
    rows = [
        CourseRow(COURSE, everything(HOSTILE), "../course.html", Health([HOSTILE])),
        CourseRow(OTHER, second, "", Health([])),
        CourseRow(CourseKey("MITx", "8.01x", "1T2015"), None, "", Health([])),
    ]
    path = tmp_path_factory.mktemp("campus") / "campus.html"
    path.write_bytes(campus_page(HOSTILE, rows, 10))
    return path


@pytest.fixture(scope="module")
def catalog_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of four tables, some of whose texts are hostile."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.html"
    path.write_bytes(catalog_page(by_hand(), 4))
    return path


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Opens a file; at the end nothing was said on the console, and nothing was asked for outside."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_(path: Path, width: int = 1200, **settings: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request",
            lambda request: (
                complaints.append(request.url) if not request.url.startswith(("file:", "data:")) else None
            ),
        )
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def test_every_picture_has_marks_and_a_name(opened: Open, course_file: Path) -> None:
    page = opened(course_file)
    pictures = page.locator("figure.card svg.picture:visible")
    assert pictures.count() == page.locator("figure.card").count() == 20
    for picture in pictures.all():
        assert picture.get_attribute("aria-label")
        assert picture.locator(".mark").count() > 0


def test_hostile_names_are_text(opened: Open, course_file: Path, campus_file: Path) -> None:
    for path in (course_file, campus_file):
        page = opened(path)
        assert HOSTILE in page.locator("h1").inner_text()
        assert page.locator("img").count() == 0
        assert "pwned" not in page.title().replace(HOSTILE, "")


def test_tables_and_downloads_hold_what_the_figures_say(
    opened: Open, course_file: Path, tmp_path: Path
) -> None:
    page = opened(course_file, java_script_enabled=False)
    figures = {one.name: one for section in sections(everything(HOSTILE)) for one in section.figures}
    for name in ("grades", "funnel", "videos"):
        card = page.locator(f"figure#{name}")
        card.locator("summary").click()
        rows = [row.locator("td").all_inner_texts() for row in card.locator("tbody tr").all()]
        wanted = [["not shown" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
                   for value in row] for row in figures[name].rows]  # fmt: skip
        assert rows == wanted
    with page.expect_download() as waiting:
        page.locator("figure#funnel a[download]").click()
    waiting.value.save_as(tmp_path / "funnel.csv")
    with (tmp_path / "funnel.csv").open(newline="") as file:
        found = list(csv.reader(file))
    assert [row[0] for row in found[1:]] == ["Registered", "Viewed", "Explored", "Certified"]
    assert [row[1:] for row in found[1:]] == [
        ["1000", "100.0"],
        ["800", "80.0"],
        ["300", "30.0"],
        ["120", "12.0"],
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_for_who_cannot_see_or_use_a_mouse(
    opened: Open, course_file: Path, campus_file: Path, scheme: str
) -> None:
    for path in (course_file, campus_file):
        page = opened(path, color_scheme=scheme, bypass_csp=True)
        found = Axe().run(page).response["violations"]
        serious = [one for one in found if one["impact"] in {"serious", "critical"}]
        assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []


def test_the_keyboard_reaches_the_numbers(opened: Open, course_file: Path) -> None:
    page = opened(course_file)
    page.locator("figure#grades summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("figure#grades table").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"


@pytest.mark.parametrize("width", [360, 800])
def test_nothing_is_wider_than_the_screen(
    opened: Open, course_file: Path, campus_file: Path, width: int
) -> None:
    for path in (course_file, campus_file):
        page = opened(path, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        sizes = page.evaluate("""[...document.querySelectorAll('figure .picture text')]
            .map(one => one.getBoundingClientRect().height).filter(height => height)""")
        assert min(sizes) >= 9


def test_it_prints_on_paper(opened: Open, course_file: Path) -> None:
    page = opened(course_file, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("figure#grades .get").is_visible()
    assert page.locator("figure#grades .picture:visible").count() == 1
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_table_of_the_campus_fits_on_paper(opened: Open, campus_file: Path) -> None:
    page = opened(campus_file, 1009)  # an A4 sheet lying, less its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1009
    assert page.locator("h1").evaluate("node => getComputedStyle(node).unicodeBidi") == "plaintext"


def test_the_table_of_the_campus_fits_on_a_screen_and_its_findings_are_printed(
    opened: Open, tmp_path: Path
) -> None:
    """Also where nearly nothing is shown: `not shown` is wider than most numbers."""
    keys = [CourseKey("MITx", f"6.00.{at}-x", "3T2014") for at in range(4)]
    few = numbers(
        totals=totals(59, viewed=48, explored=19),
        course_title=[{"name": "Simulated Course 3: “6.00.2-x”"}],
        registered_days=days([20, 20, 19]),
        activity_days=days([15, 16], events=[90, 80]),
    )
    rows = [CourseRow(one, few, "", Health(["one", "two"])) for one in keys]
    path = tmp_path / "campus.html"
    path.write_bytes(campus_page("MITx", rows, 10))
    page = opened(path, 1180)
    assert page.locator(".campus").evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    page.emulate_media(media="print")
    assert page.locator("td summary:visible").all_inner_texts() == ["2"] * 4


def test_the_table_of_the_campus_is_sorted_by_its_headings(opened: Open, campus_file: Path) -> None:
    page = opened(campus_file)

    def order() -> list[str]:
        return page.locator("table.sortable .key").all_inner_texts()

    first, second, last = "MITx/2.03x/3T2013", "MITx/6.00x/2T2014", "MITx/8.01x/1T2015"
    assert order() == [first, second, last]
    heading = page.get_by_role("button", name="registered", exact=True)
    heading.click()
    assert order() == [second, first, last]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("registered")
    heading.click()
    assert order() == [first, second, last]  # what has no number stays last


def test_the_campus_leads_to_its_courses(opened: Open, with_pages: Project) -> None:
    page = opened(with_pages.folder / "storage" / "course_report_MITx" / "dashboard.html")
    page.locator("table.sortable a").first.click()
    page.wait_for_url("**/dashboard.html")
    assert page.locator("figure.card").count() == 20
    empty = page.locator("figure.card .empty").all_inner_texts()
    assert all(one.startswith(("Nothing to see", "Not shown")) for one in empty)


def test_the_catalog_is_searched_and_clicked_through(opened: Open, catalog_file: Path) -> None:
    page = opened(catalog_file)

    def shown() -> list[str]:
        return page.locator("article.entry:visible h2").all_text_contents()

    assert page.locator("#table-wrong .fault").all_text_contents()[0].endswith(HOSTILE)
    assert shown() == ["people", "report:sums", "visits", "wrong"]
    page.get_by_label("Find tables and columns").fill("VISITS all")
    assert shown() == ["report:sums"]
    assert page.locator("#matches").inner_text() == "1 of 4 tables"
    # A link to a table that the search has hidden shows it.
    page.locator("article.entry:visible svg.lineage a", has_text="visits").click()
    page.wait_for_url(re.compile(r"#table-visits$"))
    page.wait_for_function("document.getElementById('table-visits').checkVisibility()")
    assert shown() == ["people", "report:sums", "visits", "wrong"]
    # So does a link to a column of one; names of other tables' columns are not what a table is found by.
    page.get_by_label("Find tables and columns").fill("report:sums")
    assert shown() == ["report:sums"]
    page.locator("article.entry:visible td a", has_text="visits.n").click()
    page.wait_for_function("document.getElementById('table-visits.n').checkVisibility()")
    page.locator("#table-visits summary", has_text="as a picture").click()
    page.locator("#table-visits svg.flows a", has_text="places.city").click()
    page.wait_for_url(re.compile(r"#table-people\.places\.city$"))


def test_the_page_of_a_run_is_right_for_everybody(opened: Open, tmp_path: Path) -> None:
    start = datetime(2024, 2, 29, tzinfo=UTC)
    spans = [
        Span(f"{HOSTILE}:{at}", at % 4, at // 4, at // 4 + 1, HOSTILE, failed=at == 5) for at in range(12)
    ]
    path = tmp_path / "run.html"
    path.write_bytes(run_page(start, spans, "11 built, 1 failed.", [HOSTILE]))
    for scheme in ("light", "dark"):
        page = opened(path, 360, color_scheme=scheme, bypass_csp=True)
        assert page.locator("svg.timeline .mark").count() == 12
        assert page.locator("img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        sizes = (
            "[...document.querySelectorAll('svg.timeline text')].map(o => o.getBoundingClientRect().height)"
        )
        assert min(page.evaluate(sizes)) >= 9
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []


def test_the_catalog_is_right_for_everybody(opened: Open, catalog_file: Path) -> None:
    bare = opened(catalog_file, 360, java_script_enabled=False)
    assert not bare.locator("form.search").is_visible()
    assert bare.locator("article.entry:visible").count() == 4
    assert not bare.locator("svg.lineage").first.is_visible()  # the lists say the same
    for scheme in ("light", "dark"):
        page = opened(catalog_file, 360, color_scheme=scheme, bypass_csp=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
