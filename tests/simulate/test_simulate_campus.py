"""The run as a whole: same bytes for the same seed, sizes, the demo's configuration, nothing overwritten."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
from project import REPOSITORY

from edxtasks.course import CourseKey
from edxtasks.errors import UserError
from edxtasks.simulate import SIZES, CampusSize, Ledger, simulate
from edxtasks.simulate.behaviour import LONGEST_VISIT, run
from edxtasks.simulate.campus import FORM, Campus
from edxtasks.simulate.events import Event
from edxtasks.simulate.learners import FIXED_ROLES, Learner


def digests(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_whatever_the_workers(campus: Path, tmp_path: Path) -> None:
    simulate(tmp_path, "tiny", workers=2)
    assert digests(tmp_path) == digests(campus)


def test_no_line_stands_in_the_logs_of_two_sites(campus: Path) -> None:
    lines = {
        site: {
            line
            for path in (campus / "DAILY").glob(f"*-{site}-events-*")
            for line in gzip.decompress(path.read_bytes()).splitlines()
            if b'"time"' in line
        }
        for site in ("edx", "edge")
    }
    assert len(lines["edge"]) > 50
    shared = lines["edge"] & lines["edx"]
    assert shared == set()


def test_the_form_has_a_number(campus: Path) -> None:
    """Content of the tiny campus, before compression. When it changes on purpose, raise `FORM` with it."""
    whole = hashlib.sha256()
    for path in sorted(campus.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            whole.update(path.relative_to(campus).as_posix().encode())
            whole.update(gzip.decompress(data) if path.suffix == ".gz" else data)
    assert (FORM, whole.hexdigest()[:16]) == (3, "8eb559e03bf7a8aa")


def test_a_second_run_replaces_the_first(campus: Path, tmp_path: Path) -> None:
    simulate(tmp_path, CampusSize.parse("tiny,days=9,courses=3"))
    assert len(list((tmp_path / "DAILY").iterdir())) == 9 * 3
    simulate(tmp_path, "tiny", seed=1)
    assert digests(tmp_path) == digests(campus)


def test_another_seed_gives_other_people(campus: Path, tmp_path: Path) -> None:
    simulate(tmp_path, "tiny", seed=2)
    course = "MITx/2.03x/3T2013"
    one = [row["chapters"] for row in Ledger(campus / "ledger").learners(course)]
    two = [row["chapters"] for row in Ledger(tmp_path / "ledger").learners(course)]
    assert len(one) == len(two) == len(FIXED_ROLES)
    assert digests(tmp_path).keys() == digests(campus).keys()
    assert one != two


def test_foreign_data_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "DAILY").mkdir()
    (tmp_path / "DAILY" / "mitx-edx-events-2014-10-14.log.gz").write_bytes(b"real")
    with pytest.raises(UserError, match=r"holds DAILY, which no simulation wrote"):
        simulate(tmp_path, "tiny")
    assert (tmp_path / "DAILY" / "mitx-edx-events-2014-10-14.log.gz").read_bytes() == b"real"


def test_sizes_by_name_and_by_number() -> None:
    assert CampusSize.parse("demo") == SIZES["demo"]
    size = CampusSize.parse("large,courses=3,first_day=2015-01-31")
    assert (size.courses, size.learners, size.first_day) == (3, SIZES["large"].learners, date(2015, 1, 31))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("larg", 'did you mean "large"'),
        ("tiny,course=3", 'did you mean "courses"'),
        ("tiny,days=many", "expected days=a whole number"),
        ("tiny,learners=3", "learners of at least 13"),
    ],
)
def test_sizes_that_do_not_exist(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        CampusSize.parse(text)


def test_the_demo_fits_the_configuration() -> None:
    settings = tomllib.loads((Path(__file__).parents[2] / "config" / "edxtasks.toml").read_text())
    campus = Campus(SIZES["demo"], 1)
    assert settings["course_id_list"] == [course.key.slash for course in campus.courses]
    assert set(settings["courses"]["all_mitx"]) == set(settings["course_id_list"])
    assert settings["paths"]["dump_dir"] == campus.package_name
    assert settings["paths"]["course_sql_date_dir"] == campus.dump_date.isoformat()
    assert date(2014, 10, 1) <= date(2014, 10, 14) <= date(2014, 10, 21)
    assert campus.describe()["last_day"] == "2014-10-21"


class Watch:
    """A sink that looks at the times of events alone."""

    def __init__(self) -> None:
        self.least = self.greatest = 0

    def put(
        self, learner: Learner, time: int, event: Event, kind: int, course: str, deliver: int | None = None
    ) -> None:
        self.least = min(self.least or time, time)
        self.greatest = max(self.greatest, time)

    def plant(self, line: bytes, at: int, course: str, *more: object, **others: object) -> None:
        pass

    def enrolled(self, course: str, time: int, user_id: int, event_type: str, mode: str | None) -> None:
        pass


def test_visits_keep_to_what_the_days_rely_on() -> None:
    """No event before the start of its visit; none two hours after it, so only late visits pass midnight."""
    campus = Campus(CampusSize.parse("tiny,learners=40,weeks=6,days=12"), 5)
    seen = 0
    for attendance in campus.attendances("edx"):
        for learner in attendance.learners:
            for day in range(campus.size.days):
                for visit in attendance.visits(learner, day) if (learner.busy >> day) & 1 else ():
                    watch = Watch()
                    run(visit, campus.seed, watch)
                    if watch.least:
                        seen += 1
                        assert watch.least >= visit.start
                        assert watch.greatest < visit.start + LONGEST_VISIT or learner.kind == "probe"
    assert seen > 200


def test_courses_of_a_campus_have_different_keys() -> None:
    courses = Campus(CampusSize.parse("large,courses=100,weeks=2"), 1).courses
    assert len({course.key.dataset.lower() for course in courses}) == 100
    assert {course.opaque for course in courses} == {True, False}
    for course in courses:
        assert CourseKey.parse(course.id) == course.key


def test_persons_of_several_courses_are_the_same_everywhere() -> None:
    campus = Campus(CampusSize.parse("small,courses=6,learners=300"), 1)
    met: dict[int, set[tuple[str, int, bool]]] = {}
    for attendance in campus.attendances("edx"):
        persons = [learner.person for learner in attendance.learners]
        assert len(set(persons)) == len(persons)
        for learner in attendance.learners:
            who = (learner.username, learner.user_id, learner.kind == "retired")
            met.setdefault(learner.person, set()).add(who)
    assert all(len(forms) == 1 for forms in met.values())
    assert len({name for forms in met.values() for name, _, _ in forms}) == len(met)
    assert len(met) < 6 * 300 * 0.8
    assert any(retired for forms in met.values() for _, _, retired in forms)


SCRIPT = "\n".join(
    re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "simulated-campus.md").read_text(), re.DOTALL)
)


def run_script(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(text)
    return subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_example_of_the_docs_runs_as_a_script(tmp_path: Path) -> None:
    done = run_script(tmp_path, SCRIPT)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"(.+ \d{4}-\d\d-\d\d \d+\n)+", done.stdout)


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    done = run_script(tmp_path, SCRIPT.replace('__name__ == "__main__"', "True"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "edxtasks.errors.UserError: a process of the simulation ended"
    )
    assert 'below if __name__ == "__main__":' in done.stderr
    assert (tmp_path / "campus" / "ledger" / "campus.json").read_bytes() == b'{"complete":false}'
