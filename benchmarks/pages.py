"""How long the page of a large course takes, how big it is, and how soon it is open.

    python benchmarks/pages.py [--learners N] [--days N] [--problems N] [--videos N] [--keep FILE]

The tables of a course are made up as files of somebody else in an embedded warehouse. From them the product
makes the page, in a process of its own: the time includes reading the registry, all queries and the pictures.
With a Chromium on the path, the page is opened from the file with the network cut. The baseline, in the same
run, is to read the rows of the same tables once with DuckDB, which any page must do.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import duckdb

COURSE = "UnivX/3.14x/1T2014"
DATASET = "UnivX__3_14x__1T2014"

TABLES = {
    "person_course": """
        SELECT '{course}' AS course_id, i AS user_id, 'u' || i AS username, true AS registered,
            h1 % 10 < 7 AS viewed, h1 % 10 < 2 AS explored, h1 % 100 < 6 AS certified,
            h1 % 100 < 6 AS completed,
            ['US', 'IN', 'GB', 'BR', 'DE', 'FR', 'SG', 'MT'][(sqrt(h2 % 64))::INT + 1] AS cc_by_ip,
            'US' AS profile_country, ['b', 'm', 'hs', 'p', 'none', ''][h3 % 6 + 1] AS LoE,
            1950 + h2 % 50 AS YoB, ['m', 'f', 'o', ''][h3 % 4 + 1] AS gender,
            CASE WHEN h1 % 10 < 7 THEN (h2 % 1000) / 1000.0 END AS grade, 0.6::DOUBLE AS passing_grade,
            TIMESTAMPTZ '2014-01-01' + to_days((h3 % {days})::INT) AS start_time,
            10 + h1 % 90 AS nevents, IF(h1 % 100 < 5, 'verified', 'audit') AS mode, IF(h2 % 10 = 0, 0,
            1) AS is_active,
            TIMESTAMPTZ '2014-01-01' + to_days((h3 % {days})::INT) AS verified_enroll_time
        FROM learners""",
    "enrollment_events": """
        SELECT i AS user_id, TIMESTAMPTZ '2014-02-01' + to_days((h1 % {days})::INT) AS time,
            true AS deactivated
        FROM learners WHERE h2 % 10 = 0""",
    "person_course_day": """
        SELECT 'u' || i AS username, DATE '2014-01-01' + (hash(i, d) % {days})::INT AS date,
            10::BIGINT AS nevents
        FROM learners, range(10) AS times(d)""",
    "person_hours": """
        SELECT 'u' || i AS username, DATE '2014-01-01' + (hash(i, d) % {days})::INT AS date,
            (hash(i, d, 1) % 24)::BIGINT AS hour, 5::BIGINT AS nevents
        FROM learners, range(20) AS times(d)""",
    "course_axis": "SELECT 'course' AS category, 'A large course' AS name",
    "video_stats": """
        SELECT 1 AS index_chapter, i AS index_video, 'Video ' || i AS name, 'v' || i AS video_id,
            'Week ' || (i // 25) AS chapter_name, 30000 - 60 * i AS videos_viewed,
            20000 - 50 * i AS videos_watched
        FROM range({videos}) AS videos(i)""",
    "course_problem": """
        SELECT i AS problem_nid, 'Problem ' || i AS problem_name,
            40 + i % 60 + 0.5 AS avg_problem_pct_score,
            15000 AS n_unique_users_attempted FROM range({problems}) AS problems(i)""",
    "course_item": """
        SELECT i AS problem_nid, i AS item_nid, 'Week ' || (i // 40) AS chapter_name
        FROM range({problems}) AS problems(i)""",
    "person_problem": """
        SELECT learners.i AS user_id, problems.i AS problem_nid, 1 + h1 % 4 AS n_attempts
        FROM learners, range({problems}) AS problems(i) WHERE hash(learners.i, problems.i) % 10 < 3""",
    "item_irt_grm": """
        SELECT i AS problem_nid, 1 AS cutnum, (i % 40 - 20) / 10.0 AS irt_diff,
            0.5 + i % 10 / 5.0 AS irt_disc
        FROM range({problems}) AS problems(i)""",
    "show_answer_stats_by_user": """
        SELECT i AS user_id, h1 % 30 AS n_show_answer_problem_seen, 30 AS n_problems_seen,
            100.0 * (h1 % 30) / 30 AS pct_show_answer_problem_seen FROM learners WHERE h2 % 10 < 7""",
    "forum_posts": """
        SELECT 'u' || i AS username, i AS slug_id,
            ['initial_post', 'response_post', 'comment'][h1 % 3 + 1] AS slug_type,
            TIMESTAMPTZ '2014-01-01' + to_days((h2 % {days})::INT) AS first_time
        FROM learners WHERE h3 % 3 = 0""",
    "forum_person": """
        SELECT 'u' || i AS username, d AS slug_id, (h1 % 3 = 0)::INT AS wrote, 1 AS read,
            (h2 % 3)::INT AS upvoted,
            (h3 % 2)::INT AS followed FROM learners, range(4) AS times(d) WHERE h3 % 3 < 2""",
    "ora_events": """
        SELECT 'u' || i AS username, unnest(['create_submission', 'peer_assess', 'self_assess']) AS action
        FROM learners WHERE h3 % 5 = 0""",
    "time_on_task_totals": """
        SELECT 'u' || i AS username, 1.0 * (h1 % 90000) AS total_time_30,
            0.5 * (h1 % 90000) AS serial_video_time_30,
            0.3 * (h1 % 90000) AS serial_problem_time_30, 0.1 * (h1 % 90000) AS serial_forum_time_30,
            0.1 * (h1 % 90000) AS serial_text_time_30 FROM learners""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--learners", type=int, default=50_000)
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--videos", type=int, default=250)
    parser.add_argument("--keep", type=Path, help="where the page is copied to")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder is not None:
        make_page(options.folder)
        return
    with scratch_folder() as folder:
        rows = make_up(folder, options)
        began = time.monotonic()
        read_all(folder)
        baseline = time.monotonic() - began
        began = time.monotonic()
        subprocess.run([sys.executable, __file__, "--folder", folder], check=True)
        seconds = time.monotonic() - began
        page = folder / "storage" / "UnivX__3.14x__1T2014" / "dashboard.html"
        content = page.read_bytes()
        packed = len(gzip.compress(content))
        print(f"{rows:,} rows in {len(TABLES)} tables; read once by DuckDB: {baseline:.1f} s")
        print(f"page: {len(content) / 1e6:.2f} MB, {packed / 1e6:.2f} MB with gzip, made in {seconds:.1f} s")
        opens(page)
        if options.keep is not None:
            shutil.copy(page, options.keep)


def make_up(folder: Path, options: argparse.Namespace) -> int:
    """The tables, as files; gives their rows."""
    place = folder / "warehouse" / DATASET
    place.mkdir(parents=True)
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE learners AS SELECT i, (hash(i, 1) % 1000000)::BIGINT AS h1, "
        "(hash(i, 2) % 1000000)::BIGINT AS h2, "
        f"(hash(i, 3) % 1000000)::BIGINT AS h3 FROM range({options.learners}) AS numbers(i)"
    )
    rows = 0
    for table, text in TABLES.items():
        sql = text.format(course=COURSE, **vars(options))
        found = connection.execute(f"COPY ({sql}) TO '{place / table}.parquet' (FORMAT parquet)").fetchone()
        assert found is not None
        rows += found[0]
    return rows


def read_all(folder: Path) -> None:
    """Every row of every table, once."""
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    for path in sorted((folder / "warehouse" / DATASET).glob("*.parquet")):
        connection.execute(f"SELECT sum(hash(whole)::HUGEINT) FROM '{path}' AS whole").fetchall()


def make_page(folder: Path) -> None:
    """What `doit dashboard` does in its worker process."""
    from edxtasks.build.context import Context
    from edxtasks.build.registry import read_registry
    from edxtasks.config import Settings
    from edxtasks.course import CourseKey
    from edxtasks.digests import Digests
    from edxtasks.pages import dashboards
    from edxtasks.warehouse import open_warehouse
    from edxtasks.warehouse.base import ResourceLimits

    plain = Settings()
    settings = dataclasses.replace(
        plain,
        warehouse=dataclasses.replace(plain.warehouse, path=folder / "warehouse"),
        storage=dataclasses.replace(plain.storage, path=folder / "storage"),
        engine=dataclasses.replace(plain.engine, state=folder / "state"),
    )
    limits = ResourceLimits(2, "4GB")
    context = Context(settings, read_registry(None), open_warehouse(settings, limits), Digests())
    dashboards.make(context, CourseKey.parse(COURSE))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"CPU {used.ru_utime + used.ru_stime:.1f} s, at most {used.ru_maxrss / 1000:.0f} MB")


def opens(page: Path) -> None:
    """How soon a browser shows the page."""
    browser = shutil.which("chromium")
    if browser is None:
        print("not opened: there is no chromium on the path")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        view = chromium.new_context(offline=True).new_page()
        view.goto(page.as_uri())  # once before, so that the browser is awake
        began = time.monotonic()
        view.goto(page.as_uri(), wait_until="load")
        view.evaluate("document.body.getBoundingClientRect().height")
        print(f"open in {time.monotonic() - began:.1f} s")
        chromium.close()


if __name__ == "__main__":
    main()
