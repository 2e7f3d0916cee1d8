"""External commands as the settings define them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edxtasks.config import Settings
from edxtasks.external.definitions import Definition, definitions, native, unknown

OWN = {"template": "t", "script_fn": "s", "script_cmd": "c"}


def defined(**commands: dict[str, Any]) -> dict[str, Definition]:
    return definitions(Settings(root=Path("/office"), extra_external_commands=commands))


def test_an_entry_is_laid_over_the_defaults() -> None:
    found = defined(hello={"template": "hello.template", "depends_on": "a", "output_table": ["b", "c"]})[
        "hello"
    ]
    assert found.fault == ""
    assert found.values["script_fn"] == "STATA/{filename_prefix}-{cidns}.do"
    assert found.values["logs_dir"] == "LOGS"
    assert found.values["filename_prefix"] == "hello"
    assert (found.depends_on, found.output_table) == (("a",), ("b", "c"))
    assert found.title == "run hello"


def test_an_office_has_defaults_of_its_own() -> None:
    found = defined(
        DEFAULT={"script_cmd": "R {script_name}", "logs_dir": "logs"},
        base={"template": "base.template", "filename_prefix": "base", "mine": 1},
        one={"default_parameters": "base", "description": "first", "logs_dir": ""},
        two={"default_parameters": "DEFAULT", "template": "two.template"},
    )
    assert {"DEFAULT"} & set(found) == set()
    one, two = found["one"], found["two"]
    assert (one.text("template"), one.text("script_cmd"), one.values["mine"]) == (
        "base.template",
        "R {script_name}",
        1,
    )
    assert (one.text("logs_dir"), two.text("logs_dir")) == ("", "logs")
    assert one.values["filename_prefix"] == "one"  # two commands never write one script
    assert one.title == "first"
    # Nothing of one entry gets into another.
    assert "mine" not in two.values


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({}, "expected template, found nothing"),
        ({**OWN, "script_cmd": ""}, "expected script_cmd, found nothing"),
        ({**OWN, "depends_on": "a b"}, "depends_on: expected the name of a table, or a list of names"),
        ({**OWN, "output_table": ["a", 1]}, "output_table: expected the name of a table"),
        ({**OWN, "output_table": {"a": 1}}, "output_table: expected the name of a table"),
        ({**OWN, "template": 1}, "template: expected text, found int"),
        ({**OWN, "dependson": "a"}, 'the key "dependson" is not known; did you mean "depends_on"'),
        ({**OWN, "default_parameters": "R_mir"}, 'there is no such entry; did you mean "R_mirt"'),
        ({**OWN, "filename_prefix": "../x"}, "filename_prefix: expected the beginning of a file name"),
    ],
)
def test_an_entry_that_is_wrong_fails_alone(entry: dict[str, Any], fault: str) -> None:
    found = defined(good=OWN, bad=entry)
    assert found["good"].fault == ""
    assert found["bad"].fault.startswith("extra_external_commands, bad: ")
    assert fault in found["bad"].fault


def test_a_name_of_a_command_is_a_part_of_a_file_name() -> None:
    assert "expected a name of letters" in defined(**{"a/b": OWN})["a/b"].fault
    assert "expected a name of letters" in defined(**{"a:b": OWN})["a:b"].fault


def test_native_commands_give_way_to_those_of_an_office() -> None:
    settings = Settings(root=Path("/office"), extra_external_commands={"irt_grm": OWN})
    assert native(settings) == {"ppwide": "ppwide", "reliability": "reliability"}
    assert definitions(settings)["irt_grm"].values["template"] == "t"
    assert unknown("", settings) == "the external commands are R_mirt, irt_grm, ppwide, reliability"
    assert 'did you mean "reliability"' in unknown("reliabilty", settings)
