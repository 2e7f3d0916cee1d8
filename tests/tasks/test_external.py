"""External commands: programs of Python and sh that read a table and load what they found."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from doit_process import doit
from project import REPOSITORY, Project
from servers import BUCKET, PROJECT, running
from test_failures import wait_until

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.config import load_settings
from edxtasks.course import CourseKey
from edxtasks.errors import SettingsError, UserError
from edxtasks.graph.arguments import Arguments
from edxtasks.graph.load import make_graph
from edxtasks.graph.tasks import STEP
from edxtasks.tasks.external import ExternalStep
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema

COURSE = CourseKey.parse("MITx/6.00x/2013_Spring")
TASK = f"external:count:{COURSE}"
COUNT = """# {{ course_id }} on {{ the_date }}
import csv, json, pathlib, subprocess
work = pathlib.Path({{ working_dir | py }})
def bridge(*words):
    subprocess.run([{{ python | py }}, "-m", "edxtasks.external", *words], check=True)
data, table = "DATA/{{ cidns }}.csv", {{ table_prefix | py }}
bridge("get_data", {{ project_id | py }}, f"{table}.people", str(work), data)
people = list(csv.DictReader((work / data).open()))
(work / "DATA/counted.csv").write_text(f"what,n\\n{{ extparams.what or 'all' }},{len(people)}\\n")
(work / "DATA/schema.json").write_text(json.dumps([
    {"name": "what", "type": "STRING"}, {"name": "n", "type": "INTEGER", "description": "learners"},
]))
bridge("upload_data", {{ project_id | py }}, "DATA/counted.csv", f"{table}.counts", "DATA/schema.json",
       str(work), "Learners, counted")
"""
COMMANDS = {
    "count": {
        "description": "count learners",
        "type": "python",
        "template": "count.template",
        "script_fn": "SCRIPTS/{filename_prefix}-{cidns}.py",
        "script_cmd": f"{sys.executable} {{script_name}}",
        "depends_on": ["people"],
        "output_table": "counts",
    },
    "copy": {
        "template": "copy.template",
        "script_fn": "SCRIPTS/{filename_prefix}-{cidns}.sh",
        "script_cmd": "sh {script_name}",
        "depends_on": "people",
        "output_table": "counts",
    },
    "lazy": {
        "template": "lazy.template",
        "script_fn": "SCRIPTS/{filename_prefix}-{cidns}.sh",
        "script_cmd": "sh {script_name} 'two words'",
        "depends_on": "people",
        "output_table": "never_written",
    },
    "failing": {"default_parameters": "lazy", "template": "failing.template"},
    "killed": {"default_parameters": "lazy", "template": "killed.template"},
    "slow": {"default_parameters": "copy", "template": "slow.template"},
    "gone": {"default_parameters": "lazy", "script_cmd": "no-such-program {script_name}"},
    "each_time": {"default_parameters": "lazy", "output_table": ""},
    "needing": {"default_parameters": "lazy", "depends_on": ["people", "roles", "of_ours"]},
    "wrong": {"default_parameters": "lazy", "outptu_table": "x"},
}
TEMPLATES = {
    "count": COUNT,
    "copy": "cd {{ (working_dir + '/warehouse/' + table_prefix) | sh }}  # {{ extparam }}\n"
    "cp people.parquet new && mv new counts.parquet\n",
    "lazy": "echo $# $1; touch lazy-MITx__6.00x__2013_Spring.log\n",
    "failing": "echo secret value; exit 7\n",
    "killed": "kill -9 $$\n",
    "slow": "cd {{ working_dir | sh }}; echo x >> began; until [ -e go ]; do sleep 0.1; done\n"
    "cd {{ ('warehouse/' + table_prefix) | sh }}; cp people.parquet new && mv new counts.parquet\n",
}


def inline(value: object) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def load(folder: Path, table: str, names: list[str]) -> None:
    columns = schema("name STRING -- who")
    rows = [{"name": name} for name in names]
    info = BuildInfo("somebody's")
    ParquetWarehouse(folder / "warehouse").load(TableName(COURSE.dataset, table), columns, rows, info)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of caches for all tests: the models are read once."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def office(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration of commands, their templates, and a table `people` of one course."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text(
        f'course_id_list = ["{COURSE}"]\nextra_external_commands = {inline(COMMANDS)}\n'
        f'[engine]\nstate = "{state}"\n'
    )
    for name, text in TEMPLATES.items():
        (tmp_path / f"{name}.template").write_text(text)
    load(tmp_path, "people", ["ada", "bob"])
    monkeypatch.chdir(tmp_path)  # as doit does
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    return tmp_path


Steps = Callable[..., ExternalStep]


@pytest.fixture
def step(office: Path) -> Steps:
    """The step of an external command for the course, of a run with these options."""

    def found(name: str, **options: str) -> ExternalStep:
        words = Arguments(options, (f"external:{name}:{COURSE}",))
        graph = make_graph(load_settings(office, words.variables, {}), words)
        [one] = [
            task
            for task in graph.tasks()
            if task.get("name") == str(COURSE) and task["basename"] == f"external:{name}"
        ]
        step: ExternalStep = one["meta"][STEP]
        return step

    return found


def work(step: ExternalStep) -> Built:
    """Do the work of a step here, as a worker would."""
    assert step.look() is Status.STALE, step.reason
    job = step.job()
    built: Built = job.function(lambda *told: None, *job.arguments)
    return built


def counts(office: Path) -> list[tuple[object, ...]]:
    return list(ParquetWarehouse(office / "warehouse").read(TableName(COURSE.dataset, "counts")))


def test_a_program_in_a_real_run(office: Path) -> None:
    (office / "dodo.py").write_text((REPOSITORY / "dodo.py").read_text())
    done = doit(office, TASK)
    assert f"built   {TASK}: 1 row" in done.err
    assert f"output of the program: {office}/LOGS/count-{COURSE.directory}.log" in done.err
    assert counts(office) == [("all", 2)]
    info = ParquetWarehouse(office / "warehouse").info(TableName(COURSE.dataset, "counts"))
    assert info is not None
    assert info.description == "Learners, counted"


def test_two_runs_of_one_program(office: Path) -> None:
    """The second says who has it and leaves, or waits, and does not start the program again."""
    (office / "dodo.py").write_text((REPOSITORY / "dodo.py").read_text())
    project, task = Project(office), f"external:slow:{COURSE}"
    first = project.start(task)
    wait_until(lambda: (office / "began").exists() or first.poll() is not None)
    hasty = project.doit(task, "wait=0", status=1)
    assert f"{task}: the run of process {first.pid} on " in hasty.err
    second = project.start(task)
    assert second.stderr is not None
    assert any("waiting for" in line for line in second.stderr)
    (office / "go").touch()
    assert f"built   {task}: 2 rows" in first.communicate(timeout=300)[1]
    _, told = second.communicate(timeout=300)
    assert (first.returncode, second.returncode) == (0, 0), told
    assert (office / "began").read_text() == "x\n"


def test_a_program_on_bigquery(office: Path, step: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
    lines = ["[warehouse]", 'engine = "bigquery"', f'project_id = "{PROJECT}"']
    lines += [
        f'api_endpoint = "{running().bigquery}"',
        "[storage]",
        f'gs_bucket = "gs://{BUCKET}/{office.name}"',
    ]
    with (office / "config" / "edxtasks.toml").open("a") as file:
        file.write("\n".join(lines))
    warehouse = open_warehouse(load_settings(office, {}, {}))
    name = TableName(COURSE.dataset, "people")
    warehouse.load(name, schema("name STRING -- who"), [{"name": "ada"}], BuildInfo("s"))
    assert work(step("count")).rows == 1
    assert list(warehouse.read(TableName(COURSE.dataset, "counts"))) == [("all", 1)]
    fresh = step("count")
    assert (fresh.look(), fresh.reason) == (Status.FRESH, "")
    assert (fresh.forget(), step("count").look()) == (True, Status.STALE)


def test_when_a_program_runs_again(office: Path, step: Steps) -> None:
    script = office / "SCRIPTS" / f"copy-{COURSE.directory}.sh"
    assert step("copy").look() is Status.STALE
    assert script.read_text().startswith(f"cd {office}/warehouse/{COURSE.dataset}  # \n")
    assert work(step("copy")).rows == 2
    fresh = step("copy")
    assert (fresh.look(), fresh.reason) == (Status.FRESH, "")

    def reason(**options: str) -> str:
        stale = step("copy", **options)
        assert stale.look() is Status.STALE
        return stale.reason

    assert reason(extparam="what=some") == "the script changed"
    assert reason(force_recompute="1") == "force_recompute"
    load(office, "people", ["ada", "bob", "cleo"])
    assert reason() == "people changed"
    assert work(step("copy")).rows == 3
    load(office, "counts", ["mine"])
    assert reason() == "counts was replaced since"
    ParquetWarehouse(office / "warehouse").drop(TableName(COURSE.dataset, "counts"))
    assert reason() == "counts does not exist"
    load(office, "never_written", ["mine"])
    foreign = step("lazy")
    assert (foreign.look(), foreign.reason) == (Status.STALE, "never_written was not made by this command")
    assert work(step("each_time")).unit == "runs"
    assert step("each_time").look() is Status.STALE


def test_forget_and_clean(office: Path, step: Steps) -> None:
    done = step("copy")
    work(done)
    assert (done.forget(), done.forget()) == (True, False)
    assert (step("copy").look(), step("copy").removable()) == (Status.STALE, [f"{COURSE.dataset}.counts"])
    done.clean()
    assert step("copy").removable() == []
    assert not (office / "warehouse" / COURSE.dataset / "counts.parquet").exists()


def test_skiprun_shows_the_command(office: Path, step: Steps) -> None:
    script = office / "SCRIPTS" / f"lazy-{COURSE.directory}.sh"
    shown = step("lazy", skiprun="1")
    assert shown.look() is Status.SKIPPED
    assert shown.reason == f"not run (skiprun): sh {script} 'two words', in {office}"
    assert script.read_text() == TEMPLATES["lazy"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lazy", "the program ended well, but did not write never_written in "),
        ("failing", f"sh ended with status 7; its output is in {{}}/LOGS/failing-{COURSE.directory}.log"),
        ("killed", "sh was ended by signal 9"),
        ("gone", 'the program "no-such-program" is not on PATH (script_cmd)'),
    ],
)
def test_a_program_that_fails(office: Path, step: Steps, name: str, said: str) -> None:
    load(office, "never_written", ["old"])
    with pytest.raises(UserError) as raised:
        work(step(name))
    assert said.format(office) in str(raised.value)
    assert "secret value" not in str(raised.value)
    logs = {"lazy": "1 two words\n", "failing": "secret value\n", "killed": ""}
    if name in logs:
        assert (office / "LOGS" / f"{name}-{COURSE.directory}.log").read_text() == logs[name]
    assert not (office / f"lazy-{COURSE.directory}.log").exists()  # Stata leaves one


def test_what_keeps_a_command_from_running(step: Steps) -> None:
    needing = step("needing")
    assert needing.look() is Status.STALE
    assert needing.reason == (
        f"{COURSE.dataset} has no table roles, of_ours, which it reads: make it first (doit roles:{COURSE})"
    )
    wrong = step("wrong")
    wrong.look()
    assert wrong.reason == (
        'extra_external_commands, wrong: the key "outptu_table" is not known; did you mean "output_table"?'
    )


@pytest.mark.parametrize("word", ["external", "external:", "external:coutn", f"external:coutn:{COURSE}"])
def test_a_name_that_is_not_an_external_command(office: Path, word: str) -> None:
    words = Arguments({}, (word,))
    with pytest.raises(SettingsError) as raised:
        make_graph(load_settings(office, {}, {}), words)
    assert "expected external:NAME or external:NAME:COURSE; the external commands are R_mirt, " in str(
        raised.value
    )
    assert ('did you mean "count"' in str(raised.value)) == ("coutn" in word)


def task(office: Path, name: str, *words: str, **options: str) -> tuple[dict[str, Any], set[str]]:
    """The task of a name for the course in a run of these words, and what the run forces."""
    given = Arguments(options, words)
    graph = make_graph(load_settings(office, given.variables, {}), given)
    [found] = [one for one in graph.tasks() if one["basename"] == name and one.get("name") == str(COURSE)]
    return found, graph.run.forced


def test_a_course_in_the_other_spelling(office: Path) -> None:
    words = Arguments({}, (f"external:copy:{COURSE.opaque}",))
    graph = make_graph(load_settings(office, {}, {}), words)
    named = {f"{one['basename']}:{one['name']}": one for one in graph.tasks() if one.get("name")}
    assert named[words.words[0]]["task_dep"] == [f"external:copy:{COURSE}"]
    assert graph.run.context.courses == (COURSE,)


def test_native_commands_are_commands_of_tables(office: Path) -> None:
    name = "external:reliability"
    found, forced = task(office, name, f"{name}:{COURSE}", force_recompute="1")
    assert found["task_dep"] == [f"item_reliabilities:{COURSE}"]
    assert f"item_reliabilities:{COURSE}" in forced
    assert f"person_problem:{COURSE}" not in forced


def test_what_a_command_reads_is_made_for_it(office: Path) -> None:
    name, word = "external:R_mirt", f"external:R_mirt:{COURSE}"

    def inputs(*words: str, **options: str) -> tuple[set[str], set[str]]:
        found, _ = task(office, name, *words, **options)
        return set(found["task_dep"]), set(found["meta"]["tolerates"])

    wide, items, people = (
        f"{table}:{COURSE}" for table in ("person_problem_wide", "item_irt_grm", "person_irtgrm_theta")
    )
    assert inputs(word) == ({wide}, set())
    assert inputs(word, f"irt_grm:{COURSE}") == ({wide, items, people}, {items, people})
    assert inputs(word, skiprun="1") == (set(), set())


CONDOR = """#!/bin/sh
test -f "$1" || exit 3
echo "Submitting job(s)."
echo "1 job(s) submitted to cluster 4711."
"""


def test_jobs_of_condor(office: Path, step: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = office / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(UserError, match="the program condor_submit is not on PATH"):
        work(step("count", submit_condor="1"))
    (programs / "condor_submit").write_text(CONDOR)
    (programs / "condor_submit").chmod(0o755)
    built = work(step("count", submit_condor="1"))
    file = office / "CONDOR" / f"count-{COURSE.directory}.submit"
    assert built.messages.lines == [f"submitted as cluster 4711: {file}; its end is not waited for"]
    script = office / "SCRIPTS" / f"count-{COURSE.directory}.py"
    prefix = f"count__{COURSE.directory}"
    assert file.read_text() == (
        f"# {prefix}\nUniverse = vanilla\nExecutable = CONDOR/run_stata.sh\nArguments = \"'{script}'\"\n"
        f"transfer_input_files = {script}\nshould_transfer_files = ALWAYS\n"
        "when_to_transfer_output = ON_EXIT_OR_EVICT\ninput = \n"
        f"output = JOBS/{prefix}.out\nerror = JOBS/{prefix}.error\nrequest_memory = 32768\nQueue 1\n"
    )
    with (office / "condor_jobs.csv").open(newline="") as jobs:
        header, job = csv.reader(jobs)
    assert header == ["course_id", "datetime", "jobid", "log_file"]
    assert [job[0], *job[2:]] == [str(COURSE), "4711", str(office / "LOGS" / f"count-{COURSE.directory}.log")]
    waiting = step("count")
    waiting.look()
    assert waiting.reason == "submitted as cluster 4711, whose tables are not there yet"
    load(office, "counts", ["what the job wrote"])
    ended = step("count")
    assert (ended.look(), ended.reason) == (Status.FRESH, "made by cluster 4711")
    for text, said in (
        (
            "echo 'ERROR: no schedd'",
            r'gave no number \(expected "submitted to cluster N"\): ERROR: no schedd',
        ),
        ("echo 'no such file' >&2; exit 1", "condor_submit ended with status 1: no such file"),
    ):
        (programs / "condor_submit").write_text(f"#!/bin/sh\n{text}\n")
        with pytest.raises(UserError, match=said):
            work(step("count", submit_condor="1", force_recompute="1"))
