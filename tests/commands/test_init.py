"""`edxtasks init`: the files of a new project; the configuration of edx2bigquery as TOML."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from in_process import Run, runner

from edxtasks.config import load_settings

REPOSITORY = Path(__file__).resolve().parents[2]
OLD = """
import os
course_id_list = ["MITx/2.03x/3T2013", "HarvardX/AI12.1x/2013_SOND"]
courses = {"year2": ["MITx/2.03x/3T2013"]}
course_axis_pin_dates = {"MITx/2.03x/3T2013": "2014-02-16"}
auth_key_file = "keys/service.json"
PROJECT_ID = "x-data"
GS_BUCKET = "gs://x-data"
COURSE_SQL_BASE_DIR = os.path.join("X", 'Year "2" data')
COURSE_SQL_DATE_DIR = "2014-09-21"
TRACKING_LOGS_DIRECTORY = "/data/LOGS"
MAX_BAD_FRACTION = 0.25
API_KEY = "hidden-one"
MONGO_URI = "mongodb://user:hidden-two@example.org"
EDX_PW = "hidden-three"
DEFAULT_MONGO_DB = None
"""


@pytest.fixture
def doit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    return runner(tmp_path, monkeypatch, capfdbinary)


def test_a_new_project_has_the_files_of_this_one(doit: Run, tmp_path: Path) -> None:
    ended = doit("init", "office")
    office = tmp_path / "office"
    written = ["dodo.py", "config/edxtasks.toml", ".gitignore"]
    assert ended.lines[:3] == [f"written: office/{name}" for name in written]
    assert [line.split("#")[0].strip() for line in ended.lines[3:]] == [
        "",
        "Next:",
        "cd office",
        "edxtasks simulate",
        "edxtasks weekly",
        "",
        'Your own data: in config/edxtasks.toml set root = ".", course_id_list, and below [paths] your dump',
        "and your logs. Then:",
        "edxtasks plan",
        "edxtasks weekly",
    ]
    for name in written[:2]:
        assert (office / name).read_text() == (REPOSITORY / name).read_text()
    assert load_settings(office, {}, {}).root == office / "demo"
    # The data of learners stay out of a repository, the three files do not.
    subprocess.run(["git", "init", "-q", office], check=True)
    for name in (
        "demo/warehouse/x.parquet",
        "mitx-2014-11-02/MITx-2.03x-3T2013-auth_user-prod-analytics.sql",
        "staff.csv",
        "config/service-key.json",
    ):
        (office / name).parent.mkdir(parents=True, exist_ok=True)
        (office / name).write_text("x")
    kept = subprocess.run(
        ["git", "ls-files", "-o", "--exclude-standard"],
        cwd=office,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(kept.stdout.split()) == sorted(written)


def test_nothing_is_replaced(doit: Run, tmp_path: Path) -> None:
    (tmp_path / "dodo.py").write_text("mine")
    ended = doit("init", ".", status=3)
    assert "has dodo.py already: nothing was written" in ended.err
    assert (tmp_path / "dodo.py").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["dodo.py"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "expected one folder, found 0"),
        (["a", "b"], "expected one folder, found 2"),
        (["a", "--from=none.py"], "--from=none.py: expected an edx2bigquery_config.py that exists"),
        (["a", "--from=old.toml"], "--from=old.toml: expected an edx2bigquery_config.py that exists"),
    ],
)
def test_other_words_are_refused(doit: Run, tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "old.toml").write_text("")
    assert said in doit("init", *words, status=3).err
    assert not (tmp_path / "a").exists()


def test_a_configuration_of_edx2bigquery_keeps_its_meaning(doit: Run, tmp_path: Path) -> None:
    old = tmp_path / "years ago" / "edx2bigquery_config.py"
    old.parent.mkdir()
    old.write_text(OLD)
    ended = doit("init", "new", f"--from={old}")
    text = (tmp_path / "new" / "config" / "edxtasks.toml").read_text()
    assert "hidden" not in text + ended.out + ended.err
    assert "  COURSE_SQL_BASE_DIR → course_sql_base_dir in [paths]" in ended.lines
    assert "  course_id_list → course_id_list at the top level" in ended.lines
    secret = "  API_KEY: a secret, not written; set the environment variable EDXTASKS_API_KEY"
    assert secret in ended.lines
    assert "  EDX_PW: has no use any more" in ended.lines
    before = load_settings(old.parent, {"config": str(old)}, {})
    after = load_settings(tmp_path / "new", {}, {})
    assert after.paths.course_sql_base_dir == old.parent / "X" / 'Year "2" data'
    assert after.max_bad_fraction == 0.25
    assert after.auth_key_file == before.auth_key_file
    left_out = {"api_key", "mongo", "options", "config_file", "notices"}
    for field in dataclasses.fields(before):
        if field.name not in left_out:
            assert getattr(after, field.name) == getattr(before, field.name), field.name


def test_names_of_the_old_file_that_are_no_settings_are_told(doit: Run, tmp_path: Path) -> None:
    old = tmp_path / "edx2bigquery_config.py"
    old.write_text('mein_projekt = PROJECT_ID = "p"\nif mein_projekt == "p":\n    within = 1\n')
    lines = doit("init", "new", f"--from={old}").lines
    assert "  not taken over, since no settings: mein_projekt" in lines
    assert sum(line.startswith('  engine is "duckdb"') for line in lines) == 1


def test_a_course_that_a_list_names_twice_is_told(doit: Run, tmp_path: Path) -> None:
    old = tmp_path / "edx2bigquery_config.py"
    old.write_text(
        'course_id_list = ["Uni/C/1", "Uni/D/1", "course-v1:Uni+C+1"]\n'
        'courses = {"all": ["Uni/D/1", "Uni/D/1"], "some": ["Uni/C/1"]}\n'
    )
    told = [line for line in doit("init", "new", f"--from={old}").lines if "more than once" in line]
    assert told == [
        "  course_id_list: named more than once, and taken once: Uni/C/1",
        "  courses, all: named more than once, and taken once: Uni/D/1",
    ]


PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")


def runs(python: str) -> bool:
    """Whether a Python is there, and is more than the stand-in of a version manager for one."""
    asked = [python, "-c", "import venv"]
    return shutil.which(python) is not None and not subprocess.run(asked, capture_output=True).returncode


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the repository as it stands, with all files of the package in it."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = [
        "git",
        "ls-files",
        "-co",
        "--exclude-standard",
        "edxtasks",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    ]
    names = subprocess.run(
        listed, cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    names = [name for name in names if (REPOSITORY / name).is_file()]
    for name in names:
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([*pip, "-w", str(folder), str(folder / "source")], check=True, capture_output=True)
    (built,) = folder.glob("edxtasks-*.whl")
    with zipfile.ZipFile(built) as packed:
        assert {name for name in names if name.startswith("edxtasks/")} <= set(packed.namelist())
    return built


def say_in(configuration: Path, settings: list[str]) -> None:
    """Put settings, `NAME = VALUE`, in place of those of a TOML file."""
    text = configuration.read_text(encoding="utf-8")
    for setting in settings:
        name = setting.partition(" ")[0]
        value = r"(?:\[.*?\n\]|[^\n]*)"  # a list over several lines, or what stands on one
        text, found = re.subn(rf"^{name} = {value}", lambda _: setting, text, flags=re.M | re.S)  # noqa: B023
        assert found == 1
    configuration.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("python", PYTHONS)
def test_the_wheel_works_outside_the_repository(python: str, wheel: Path, tmp_path: Path) -> None:
    """Installed into an empty environment of each Python at hand, with what it says that it needs, and run
    without dodo.py."""
    if not runs(python):
        pytest.skip(f"{python} is not at hand: the wheel is not tried with it")
    environment = tmp_path / "environment"
    subprocess.run([python, "-m", "venv", "--without-pip", str(environment)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
    pip += ["install", "-q", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    office = tmp_path / "office"

    def run(folder: Path, *words: str, status: int = 0) -> str:
        ended = subprocess.run(
            [str(environment / "bin" / "edxtasks"), *words],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == status, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    assert "A new project: edxtasks init DIR" in run(tmp_path, "weekly", status=3)
    assert run(tmp_path, "weekly", "", status=3).startswith("ERROR: a word of the command line is empty")
    run(tmp_path, "init", "office")
    (office / "dodo.py").unlink()
    told = run(office, "simulate", "size=tiny")
    settings = told.partition("set ")[2].partition("\n")[0].split(" and ")
    assert len(settings) == 3  # the configuration that init writes reads the campus of the usual size
    say_in(office / "config" / "edxtasks.toml", settings)
    course = "person_course:MITx/2.03x/3T2013"  # of dumps, content and logs
    assert "failed" not in run(office, course).partition(" built")[0]
    again = run(office, course)
    assert "0 built" in again
    assert "failed" not in again
    learners = "SELECT count(*) AS n FROM MITx__2_03x__3T2013.person_course"
    assert "│ 12 │" in run(office, "shell", learners)
    assert "complete -o" in run(office, "completion", "bash")
    assert (office / "demo/warehouse/MITx__2_03x__3T2013/person_course.parquet").is_file()
    assert not list(environment.rglob("*.parquet"))
    subprocess.run(  # what only a terminal loads
        [str(environment / "bin" / "python"), "-c", "import edxtasks.shell.prompt"], check=True, cwd=tmp_path
    )
