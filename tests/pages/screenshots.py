"""Makes the screenshots of the README (`make screenshots`): pages of a simulated campus, seen in Chromium.

    python tests/pages/screenshots.py

The campus has four courses of 400 learners. What the pictures show is what `doit dashboard` makes of it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))

from project import REPOSITORY, Project

from edxtasks.simulate import CampusSize, simulate

CAMPUS = CampusSize.parse("demo,learners=400,weeks=5,days=30")
PICTURES = (
    ("course-page.png", "MITx__6.00.1x__3T2014", "light"),
    ("course-page-dark.png", "MITx__6.00.1x__3T2014", "dark"),
    ("campus-page.png", "course_report_MITx", "light"),
)
"""File in docs/, folder of the page in the storage, colours."""


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no chromium on the path: install the package chromium of the distribution")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        simulate(folder / "data", CAMPUS, workers=2)
        project = Project.create(folder / "project", folder / "data")
        project.doit("dashboard")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for picture, place, scheme in PICTURES:
            take(browser, project.folder / "storage" / place / "dashboard.html", scheme, picture)
        browser.close()


def take(browser: Browser, page: Path, scheme: str, picture: str) -> None:
    """A screenshot of the top of a page."""
    view = browser.new_page(
        viewport={"width": 1180, "height": 1010},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    view.goto(f"file://{quote(str(page))}")
    view.screenshot(path=REPOSITORY / "docs" / picture)
    view.close()


if __name__ == "__main__":
    main()
