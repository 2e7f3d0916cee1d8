"""Scripts from templates: what a template knows, how values are quoted, and what is refused."""

from __future__ import annotations

import ast
import dataclasses
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edxtasks.build.context import Context
from edxtasks.config import Options, Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import InputError, SettingsError
from edxtasks.external.definitions import definitions
from edxtasks.external.script import Prepared
from edxtasks.warehouse.parquet import ParquetWarehouse

COURSE = CourseKey.parse("MITx/6.00x-a/2013_Spring")
Prepare = Callable[..., Prepared]


@pytest.fixture
def prepare(tmp_path: Path) -> Prepare:
    """A command with a template and other keys, prepared for the course with these options."""

    def prepared(text: str, options: dict[str, Any] | None = None, **entry: Any) -> Prepared:
        (tmp_path / "a.template").write_text(text)
        own = {
            "template": "a.template",
            "script_fn": "S/{cidns}.txt",
            "script_cmd": "sh {script_name}",
            **entry,
        }
        settings = Settings(
            root=tmp_path, extra_external_commands={"own": own}, options=Options(**(options or {}))
        )
        context = Context(settings, {}, ParquetWarehouse(tmp_path / "warehouse"), Digests())
        return Prepared.of(definitions(settings)["own"], context, COURSE)

    return prepared


def test_what_a_template_knows(prepare: Prepare, tmp_path: Path) -> None:
    names = (
        "course_id",
        "cidns",
        "cidns_nodots",
        "table_prefix",
        "filename_prefix",
        "filename_prefix_cidns",
        "script_name",
        "template_file",
        "log_file",
        "working_dir",
        "project_id",
        "force_recompute",
        "extparam",
        "end_date",
        "mine",
        "nobody",
        "nobody.else",
    )
    text = "\n".join(f"{name}={{{{ {name} }}}}" for name in names)
    options = {"extparam": "irt_type=2pl,fast", "force_recompute": True}
    found = dict(line.split("=", 1) for line in prepare(text, options, mine="x").text.splitlines())
    assert found == {
        "course_id": "MITx/6.00x-a/2013_Spring",
        "cidns": "MITx__6.00x-a__2013_Spring",
        "cidns_nodots": "MITx__6_00x_a__2013_Spring",
        "table_prefix": "MITx__6_00x_a__2013_Spring",
        "filename_prefix": "own",
        "filename_prefix_cidns": "own__MITx__6.00x-a__2013_Spring",
        "script_name": f"{tmp_path}/S/MITx__6.00x-a__2013_Spring.txt",
        "template_file": f"{tmp_path}/a.template",
        "log_file": f"{tmp_path}/LOGS/own-MITx__6.00x-a__2013_Spring.log",
        "working_dir": str(tmp_path),
        "project_id": "local",
        "force_recompute": "1",
        "extparam": "irt_type=2pl,fast",
        "end_date": "",
        "mine": "x",
        "nobody": "",
        "nobody.else": "",
    }
    assert prepare("{{ extparams.irt_type }} {{ extparams.fast }}", options).text == "2pl True"


HARD = 'it\'s "a" $HOME `x` \\ end'


def test_quoted_values_are_read_back_as_they_were(prepare: Prepare) -> None:
    def quoted(quote: str) -> str:
        return prepare(f"{{{{ extparam | {quote} }}}}", {"extparam": HARD}).text

    assert shlex.split(quoted("sh")) == [HARD]
    assert ast.literal_eval(quoted("py")) == HARD
    assert quoted("r") == '"it\'s \\"a\\" $HOME `x` \\\\ end"'
    assert prepare("{{ extparam | stata }}", {"extparam": 'a "b"'}).text == '`"a "b""\''
    with pytest.raises(InputError, match="cannot be quoted for Stata"):
        quoted("stata")
    assert prepare("{{ extparam | condor }}", {"extparam": "a 'b' \"c\""}).text == "\"'a ''b'' \"\"c\"\"'\""


def test_the_command_line_is_split_and_then_filled(prepare: Prepare, tmp_path: Path) -> None:
    own = prepare(
        "", {"extparam": "two words; rm"}, script_cmd="run '{script_name}' -e {extparam} \"a b\" {lib}"
    )
    script = f"{tmp_path}/S/{COURSE.directory}.txt"
    assert own.command()[:5] == ["run", script, "-e", "two words; rm", "a b"]
    assert Path(own.command()[5]).is_dir()
    with pytest.raises(
        SettingsError, match=r'script_cmd: \{scriptname\} is not known; did you mean "script_name"'
    ):
        prepare("", script_cmd="run {scriptname}").command()
    with pytest.raises(
        SettingsError, match="script_cmd: it cannot be split into words: No closing quotation"
    ):
        prepare("", script_cmd="run 'x").command()
    with pytest.raises(SettingsError, match=r"script_fn: \{cid\} is not known"):
        prepare("", script_fn="S/{cid}")


def test_an_option_of_several_lines_is_refused(prepare: Prepare) -> None:
    with pytest.raises(SettingsError, match="extparam: expected text of one line"):
        prepare("", {"extparam": "a\nrm -r ."})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\n{% if %}", r"a.template, line 2: Expected an expression"),
        ("one\n\n{{ 1 // 0 }}", r"a.template, line 3: integer division or modulo by zero"),
        ("{{ ''.__class__.mro() }}", r"a.template, line 1: access to attribute '__class__'"),
        ("{% include 'none' %}", r"a.template, line 1: 'none' not found in search path"),
    ],
)
def test_a_template_that_is_wrong(prepare: Prepare, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        _ = prepare(text).text


def test_a_template_that_is_not_there(prepare: Prepare, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{tmp_path}/other: this template does not exist"):
        _ = prepare("", template="other").text


def test_the_recipe_is_the_same_elsewhere_and_tomorrow(prepare: Prepare) -> None:
    text = "{{ the_date }} {{ working_dir }} {{ script_name }} {{ extparam }} {{ mine }}"
    first = prepare(text, mine=1)
    elsewhere = dataclasses.replace(
        first, values={**first.values, "the_date": "2000-01-01", "working_dir": "/x", "script_name": "/x/y"}
    )
    assert elsewhere.text != first.text
    assert elsewhere.recipe() == first.recipe()
    recipes = {
        first.recipe(),
        prepare(text, {"extparam": "a"}, mine=1).recipe(),
        prepare(text, mine=2).recipe(),
        prepare(text, mine=1, script_cmd="sh -e {script_name}").recipe(),
        prepare(text + " ", mine=1).recipe(),
    }
    assert len(recipes) == 5
    assert prepare(text, {"force_recompute": True}, mine=1).recipe() in recipes


def test_our_template_for_r_is_a_script_of_r(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path)
    context = Context(settings, {}, ParquetWarehouse(tmp_path / "warehouse"), Digests())
    own = Prepared.of(definitions(settings)["R_mirt"], context, COURSE)
    assert own.command() == ["Rscript", "--vanilla", f"{tmp_path}/R/R_mirt-{COURSE.directory}.R"]
    assert f'dataset <- "{COURSE.dataset}"\nwork <- "{tmp_path}"\n' in own.text
    assert "{{" not in own.text
    if shutil.which("Rscript") is None:
        pytest.skip("R is not here to read it")
    own.script.parent.mkdir()
    own.script.write_text(own.text)
    subprocess.run(["Rscript", "--vanilla", "-e", f"parse({str(own.script)!r})"], check=True)
