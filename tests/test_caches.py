"""Caches decide nothing: where they cannot be written a person is warned, and the work goes on."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from edxtasks.caches import keeping_no_caches, kept_result, read_cache, write_cache
from edxtasks.digests import Digests


def test_a_cache_is_written_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "state" / "models.json"
    assert read_cache(path) is None
    write_cache(path, b'{"a":[1,null]}')
    assert read_cache(path) == {"a": [1, None]}
    assert "digest" in orjson.loads(path.read_bytes())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"12", b"13"),
        (b"}}", b"}"),
        (b'{"digest"', b'{"digesd"'),
        (b'"rows":12', b'"rows":12,"x":1'),
        (b"}}", b"}}\n"),
    ],
)
def test_a_cache_that_was_changed_says_nothing(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = tmp_path / "states.json"
    write_cache(path, b'{"rows":12}')
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    assert read_cache(path) is None


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b'"x"', b"\xff", b'{"tables":{"rows":1}}', b"a,b\n"]
)
def test_a_file_of_somebody_else_is_not_a_cache(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "states.json"
    path.write_bytes(content)
    assert read_cache(path) is None


def test_a_folder_that_cannot_be_written_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    state.write_text("no folder")
    digests = Digests(state / "digests.json")
    digests(state)
    digests.save()
    write_cache(state / "models.json", b"{}")
    assert capsys.readouterr().err == (
        f"warning: {state}: cannot be read or written: File exists. No table depends on it; the next run may "
        "take longer\n"
    )


def test_a_command_that_only_looks_writes_none(tmp_path: Path) -> None:
    with keeping_no_caches():
        write_cache(tmp_path / "state" / "models.json", b"{}")
    assert list(tmp_path.iterdir()) == []
    write_cache(tmp_path / "state" / "models.json", b"{}")
    assert (tmp_path / "state" / "models.json").exists()


@pytest.fixture
def kept_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("edxtasks.caches._folder", tmp_path / "state")
    return tmp_path / "state" / "squares"


def computed(kept: list[int], version: str, number: int) -> int:
    """The square of a number, kept under its name; `kept` gets those that were computed."""

    def compute() -> int:
        kept.append(number)
        return number * number

    return int(kept_result("squares", version, str(number), compute))


def test_a_result_is_computed_once_for_all_processes_of_a_version(kept_in: Path) -> None:
    made: list[int] = []
    assert [computed(made, "one", number) for number in (3, 4, 3)] == [9, 16, 9]
    assert made == [3, 4]
    (kept_in / "one-3.json").write_bytes(b"9")  # without its digest it says nothing
    assert computed(made, "one", 3) == 9
    assert made == [3, 4, 3]
    (kept_in / "notes.txt").write_text("somebody's")
    assert computed(made, "two", 3) == 9
    assert sorted(path.name for path in kept_in.iterdir()) == ["notes.txt", "two-3.json"]


def test_a_command_that_only_looks_keeps_no_result_and_removes_none(kept_in: Path) -> None:
    made: list[int] = []
    computed(made, "one", 3)
    with keeping_no_caches():
        assert [computed(made, "two", number) for number in (3, 3)] == [9, 9]
    assert made == [3, 3, 3]
    assert [path.name for path in kept_in.iterdir()] == ["one-3.json"]


def test_of_too_many_results_all_go(kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edxtasks.caches._MOST_KEPT", 3)
    for number in range(4):
        computed([], "one", number)
    assert [path.name for path in kept_in.iterdir()] == ["one-3.json"]
