"""What goes wrong stays where it went wrong: broken input, killed workers, ended runs."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from processes import is_running
from project import Project

from edxtasks.course import CourseKey

KILLED = "was killed (SIGKILL)"


def sql_directory(project: Project, course: str) -> Path:
    return next((project.folder / "SQL" / CourseKey.parse(course).package_prefix).iterdir())


def processes_below(parent: int) -> list[int]:
    """Process ids of all descendants of a process (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if int(fields[1]) == parent:
                found += [int(entry.name), *processes_below(int(entry.name))]
    return found


def workers_of(parent: int) -> list[int]:
    """Process ids of the worker processes of a run; the tracker of the standard library is none."""
    return [one for one in processes_below(parent) if b"spawn_main" in command_of(one)]


def command_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""  # it has just ended


def wait_until(condition: object, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_broken_input_fails_its_course_alone(built: Project) -> None:
    broken, whole = built.courses
    path = sql_directory(built, broken) / "users.csv.gz"
    package = next(built.folder.glob("mitx-2014-*"))
    source = package / f"{CourseKey.parse(broken).package_prefix}-auth_user-prod-analytics.sql"
    source.write_bytes(source.read_bytes().replace(b"id\tusername", b"uid\tnickname", 1))
    for course in built.courses:
        built.doit("forget", f"person_course:{course}")
    outcome = built.doit("weekly", status=None)
    assert outcome.status != 0
    assert f"user_info_combo:{broken}" in outcome.failed
    assert not any(task.endswith(whole) for task in outcome.failed)
    assert f"person_course:{whole}" in outcome.built
    assert str(path) in outcome.err
    page = max((built.folder / "state" / "runs").iterdir()).read_text()
    assert f"<strong>user_info_combo:{broken}</strong>" in page
    assert f"<td>person_course:{whole}</td>" in page
    # The old tables of the broken course are still there.
    assert (built.warehouse / CourseKey.parse(broken).dataset / "person_course.parquet").is_file()


def test_a_course_without_users_has_no_person_course_and_has_its_days(built: Project) -> None:
    lacking, whole = built.courses
    prefix = CourseKey.parse(lacking).package_prefix
    next(built.folder.glob(f"mitx-2014-*/{prefix}-auth_user-prod-analytics.sql")).unlink()
    (sql_directory(built, lacking) / "users.csv.gz").unlink()
    for course in built.courses:
        for table in ("person_course_day", "person_course"):
            built.doit("clean", f"{table}:{course}")
    outcome = built.doit("weekly", status=None)
    assert outcome.status != 0
    assert outcome.failed == {f"user_info_combo:{lacking}"}
    assert "no user_info_combo: users was not delivered" in outcome.err
    days = {f"person_course_day:{lacking}", f"person_course_day:{whole}"}
    assert {task for task in outcome.built if not task.startswith("report:")} == {
        *days,
        f"person_course:{whole}",
    }


def test_a_raw_log_that_is_no_log_fails_alone(built: Project) -> None:
    (built.folder / "DAILY" / "mitx-edx-events-2014-10-28.log.gz").write_bytes(
        random.Random(1).randbytes(4000)
    )
    built.doit("forget", f"pc_forum:{built.courses[0]}")
    outcome = built.doit("weekly", status=None)
    assert outcome.status != 0
    assert outcome.failed == {"split"}
    assert "mitx-edx-events-2014-10-28.log.gz" in outcome.err
    assert outcome.built == {f"pc_forum:{built.courses[0]}"}


def end_with(number: signal.Signals, project: Project) -> int:
    process = project.start("-n", "2", "weekly")
    wait_until(lambda: workers_of(process.pid))
    time.sleep(0.5)
    below = processes_below(process.pid)
    os.killpg(process.pid, number) if number is signal.SIGINT else process.send_signal(number)
    process.communicate(timeout=300)
    wait_until(lambda: not any(map(is_running, below)))
    return process.returncode


def kill_a_worker_at_work(project: Project) -> tuple[int, str]:
    """Status and messages of a run one of whose workers is killed while it makes tables. One that is between
    two tables when it is killed is replaced, and nobody is told: then it is the turn of another one."""
    project.doit("split")
    process = project.start("-n", "2", "weekly")
    assert process.stderr is not None
    messages: list[str] = []
    reading = threading.Thread(target=messages.extend, args=(process.stderr,))
    reading.start()
    wait_until(lambda: workers_of(process.pid))
    while process.poll() is None and not any(KILLED in line for line in messages):
        for worker in workers_of(process.pid)[:1]:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        time.sleep(0.2)
    assert process.stdout is not None
    process.stdout.read()
    reading.join(600)
    return process.wait(), "".join(messages)


def test_however_a_run_ends_the_next_goes_on(built_once: Project, tiny_campus: Path, tmp_path: Path) -> None:
    """Ctrl-C, SIGTERM, killed, and a worker killed, one run after the other: no process is left, and what was
    left half-made would be there at the end."""
    project = Project.create(tmp_path / "project", tiny_campus)
    assert end_with(signal.SIGINT, project) == 130
    assert end_with(signal.SIGTERM, project) == 130
    for _ in range(2):
        assert end_with(signal.SIGKILL, project) == -signal.SIGKILL
    status, messages = kill_a_worker_at_work(project)
    assert status != 0 and KILLED in messages
    outcome = project.doit("weekly")
    assert outcome.built and not outcome.failed
    assert project.tables() == built_once.tables()
    assert project.doit("weekly").built == set()
