"""Lines typed as edx2bigquery took them are answered with the line to type."""

from __future__ import annotations

import shlex
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from doit.cmd_base import DodoTaskLoader
from doit.doit_cmd import DoitMain
from project import REPOSITORY

from edxtasks.commands.old_forms import instead
from edxtasks.commands.plan import Plan
from edxtasks.commands.run import Run

COMMANDS = {point.name for point in entry_points(group="doit.COMMAND")}


def answer(line: str) -> str | None:
    """What is said of `doit LINE`; as doit does it, words name=value are taken out first."""
    words = shlex.split(line)
    variables = dict(word.split("=", 1) for word in words if "=" in word and word[0] != "-")
    rest = [word for word in words if word[0] == "-" or "=" not in word]
    command = Plan if rest[:1] == ["plan"] else Run
    rest = rest[1:] if command is Plan else rest
    options = command(task_loader=DodoTaskLoader()).get_options()
    return instead(command.name, rest, options, variables, COMMANDS)


@pytest.mark.parametrize(
    ("line", "right"),
    [
        # Options with dashes, in any place, with the value joined or not.
        ("--year2 person_course", "doit person_course year2=1"),
        ("person_course --year2", "doit person_course year2=1"),
        ("person_course --end-date=2014-10-01", "doit person_course end_date=2014-10-01"),
        ("--end-date 2014-10-01 person_course", "doit person_course end_date=2014-10-01"),
        ("person_course:A/B/C --skip-geoip", "doit person_course:A/B/C skip_geoip=1"),
        ("--clist spring report combinepc", "doit report combinepc clist=spring"),
        ("daily_logs --tlfn='DAILY/*.gz'", "doit daily_logs 'tlfn=DAILY/*.gz'"),
        ("--only-step grades,analysis analyze_problems A/B/C",
         "doit analyze_problems:A/B/C only_step=grades,analysis"),
        ("--verbose doall", "doit doall verbose=1"),
        ("-v doall", "doit doall verbose=1"),
        ("--year2", "doit year2=1"),
        # Courses behind the task.
        ("person_course MITx/2.03x/3T2013", "doit person_course:MITx/2.03x/3T2013"),
        ("person_course course-v1:A+B+C end_date=2014-10-01",
         "doit person_course:course-v1:A+B+C end_date=2014-10-01"),
        ("person_course A/B/C D/E/F", "doit person_course courses=A/B/C,D/E/F"),
        ("make_uic make_roles A/B/C", "doit make_uic make_roles courses=A/B/C"),
        ("report A/B/C", "doit report courses=A/B/C"),
        ("--force-recompute person_course A/B/C", "doit person_course:A/B/C force_recompute=1"),
        # A list goes before courses that are named, as it did there.
        ("--clist spring person_course A/B/C", "doit person_course clist=spring"),
        # Folders and files behind the task.
        ("waldofy MITx-2014-10-12", "doit waldofy dump_dir=MITx-2014-10-12"),
        ("waldofy DUMPS/MITx-2014-10-12 A/B/C", "doit waldofy:A/B/C dump_dir=DUMPS/MITx-2014-10-12"),
        ("staff2bq staff.csv", "doit staff2bq staff=staff.csv"),
        ("make_cinfo 'my listings.csv'", "doit make_cinfo 'listings=my listings.csv'"),
        # External commands.
        ("--external hello A/B/C", "doit external:hello:A/B/C"),
        ("external --external hello --skiprun A/B/C", "doit external:hello:A/B/C skiprun=1"),
        ("external hello A/B/C", "doit external:hello:A/B/C"),
        ("external hello", "doit external:hello"),
        ("--external hello --extparam irt_type=2pl A/B/C",
         "doit external:hello:A/B/C extparam=irt_type=2pl"),
        # doit's own options stay; two of the predecessor's are doit's -n.
        ("-n 3 doall A/B/C", "doit -n 3 doall:A/B/C"),
        ("--parallel --max-parallel 4 doall", "doit -n 4 doall"),
        ("--parallel doall A/B/C", "doit doall:A/B/C"),
        # What has no effect is left out.
        ("--limit-query-size --table-max-size-mb 100 person_day A/B/C", "doit person_day:A/B/C"),
        # Commands that print keep their options, behind the name.
        ("--clist spring course_key_version", "doit course_key_version --clist=spring"),
        ("--skiprun delete_empty_tables A/B/C", "doit delete_empty_tables --skiprun A/B/C"),
        # Commands about tasks.
        ("plan --year2 doall", "doit plan doall year2=1"),
        ("plan doall A/B/C", "doit plan doall:A/B/C"),
    ],
)  # fmt: skip
def test_the_right_line(line: str, right: str) -> None:
    assert answer(line) == right


@pytest.mark.parametrize(
    "line",
    [
        "",
        "person_course",
        "person_course:A/B/C year2=1",
        "-n 4 doall clist=spring",
        "-v 2 doall",
        "-v2 doall",
        "split DAILY/2014/events.log.gz",
        "doall --continue",
        "waldofy person_day",
        "A/B/C",
        "--no-such-option person_course",
        "plan person_course:A/B/C",
        "person_day person_course:A/B/C",
        "external:hello:A/B/C",
    ],
)
def test_lines_that_are_not_old(line: str) -> None:
    assert answer(line) is None


def test_a_file_is_not_a_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """doit takes a target for the task that writes it."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").touch()
    monkeypatch.chdir(tmp_path)
    assert answer("person_course a/b/c") is None
    assert answer("person_course a/b/d") == "doit person_course:a/b/d"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "dodo", raising=False)  # that of another test
    return tmp_path


def test_nothing_is_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "dodo.py").write_bytes((REPOSITORY / "dodo.py").read_bytes())
    assert DoitMain().run(["--year2", "person_course", "start_date=2014-01-01"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].strip() == "doit person_course year2=1 start_date=2014-01-01"
    assert "docs/from-edx2bigquery.md" in err
    assert [path.name for path in folder.iterdir()] == ["dodo.py"]


def test_other_projects_keep_their_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dodo.py that is not ours may have a task with an option --table."""
    (folder / "dodo.py").write_text(
        "def task_x():\n"
        "    return {'actions': ['echo %(table)s'], 'verbosity': 2,\n"
        "            'params': [{'name': 'table', 'long': 'table', 'default': ''}]}\n"
    )
    assert DoitMain().run(["x", "--table", "mine"]) == 0
    assert "mine" in capsys.readouterr().out


def test_a_number_of_tasks_that_is_none_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in ("many", "1.5"):
        assert DoitMain().run(["-n", number, "weekly"]) == 3
        expected = f"ERROR: -n: expected a whole number, found '{number}' (doit help run)\n"
        assert capsys.readouterr().err == expected


def test_an_option_of_nobody_is_told_without_a_dump(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--nosuch", "x"], ["plan", "--nosuch"], ["list", "--nosuch"]):
        assert DoitMain().run(words) == 3
        err = capsys.readouterr().err
        name = words[0] if words[0][0] != "-" else "run"
        assert err == f"ERROR: Error parsing Command: option --nosuch not recognized (doit help {name})\n"
