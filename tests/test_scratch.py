"""Scratch folders: of one process, gone with it, however it ends."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edxtasks import scratch as module
from edxtasks.config import Settings
from edxtasks.config.settings import Engine, Warehouse
from edxtasks.files import replacing, replacing_together, write_atomically
from edxtasks.scratch import NoScratchError, Scratch, keep_to, scratch_of, use

AT_WORK = """
import sys
from pathlib import Path
from edxtasks.files import replacing_together
from edxtasks.scratch import Scratch, use

scratch = use(Scratch([Path(sys.argv[1])]))
targets = [Path(sys.argv[2]) / name for name in ("learners.csv", "learners.json.gz")]
with scratch.folder() as folder, replacing_together(targets) as sinks:
    (folder / "rows.json").write_text("{}")
    for sink in sinks:
        sink.write(b"username")
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder for scratch."""
    return tmp_path / "state" / "scratch"


@pytest.fixture
def at_work(place: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of its work: with a folder, and with two unfinished files beside their targets
    in `tmp_path/dump`."""
    (tmp_path / "dump").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", AT_WORK, str(place), str(tmp_path / "dump")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def runs(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.name.startswith("run-"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_is_made_before_it_is_needed(place: Path) -> None:
    scratch = Scratch([place])
    scratch.sweep()
    scratch.close()
    assert not place.parent.exists()


def test_folders_are_for_their_owner_and_go_with_the_block(place: Path) -> None:
    with Scratch([place]) as scratch:
        with scratch.folder() as first, scratch.folder() as second:
            (first / "deep").mkdir()
            (first / "deep" / "rows.json").write_text("{}")
            assert first != second
            assert [mode(path) for path in (place, scratch.path, first)] == [0o700] * 3
        assert not first.exists() and not second.exists()
        assert len(runs(place)) == 1
    assert runs(place) == []


def test_an_object_that_is_forgotten_takes_its_folder_along(place: Path) -> None:
    scratch = Scratch([place])
    assert scratch.path.is_dir()
    del scratch
    assert runs(place) == []


def test_a_folder_that_somebody_removed_is_made_again(place: Path) -> None:
    with Scratch([place]) as scratch:
        (scratch.path / ".lock").unlink()
        scratch.path.rmdir()
        with scratch.folder() as folder:
            assert folder.is_dir()


def test_a_process_at_work_keeps_what_it_has(
    at_work: subprocess.Popen[str], place: Path, tmp_path: Path
) -> None:
    Scratch([place]).sweep()
    assert len(runs(place)) == 1
    unfinished = list((tmp_path / "dump").iterdir())
    assert [mode(path) for path in unfinished] == [0o600] * 2
    at_work.communicate("\n")
    assert runs(place) == []
    assert sorted(path.name for path in (tmp_path / "dump").iterdir()) == ["learners.csv", "learners.json.gz"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_a_killed_process_left_goes_with_the_next(
    at_work: subprocess.Popen[str], place: Path, tmp_path: Path, number: signal.Signals
) -> None:
    at_work.send_signal(number)
    at_work.wait()
    with Scratch([place]) as scratch:
        mine = scratch.path.name
        assert runs(place) == [mine]
        assert list((tmp_path / "dump").iterdir()) == []


def test_a_note_about_a_file_of_somebody_else_removes_nothing(place: Path, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id")
    left = place / "run-1-2-abcd"
    left.mkdir(parents=True)
    (left / "beside-1").symlink_to(tmp_path / "users.csv")
    Scratch([place]).sweep()
    assert runs(place) == []
    assert (tmp_path / "users.csv").read_text() == "id"


def test_where_state_cannot_be_written_the_warehouse_has_the_scratch(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    settings = Settings(
        engine=Engine(state=tmp_path / "state"), warehouse=Warehouse(path=tmp_path / "warehouse")
    )
    with scratch_of(settings) as scratch:
        assert scratch.path.is_relative_to(tmp_path / "warehouse" / "_edxtasks")
        assert mode(scratch.path.parent) == 0o700
        assert str(tmp_path / "state") in scratch.notice and "Not a directory" in scratch.notice


def test_no_place_at_all_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NoScratchError) as caught:
        _ = Scratch([tmp_path / "file", tmp_path / "file" / "deeper"]).path
    assert str(tmp_path / "file") in str(caught.value)
    assert "setting state" in str(caught.value)


def test_files_are_replaced_also_without_any_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_current", None)
    (tmp_path / "file").write_text("no folder")
    use(Scratch([tmp_path / "file"]))
    with replacing(tmp_path / "a.csv") as sink:
        sink.write(b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "file"]


def test_a_finished_file_is_readable_as_any_new_one(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    targets = [tmp_path / "a.csv", tmp_path / ("b" * 255)]
    with replacing_together(targets):
        pass
    assert [mode(path) for path in targets] == [mode(tmp_path / "usual")] * 2


@pytest.mark.parametrize(
    ("setting", "files", "folders"),
    [("0600", 0o600, 0o700), ("0640", 0o640, 0o750), ("0660", 0o660, 0o770)],
)
def test_files_and_folders_get_the_mode_that_is_set(
    tmp_path: Path, setting: str, files: int, folders: int
) -> None:
    keep_to(setting)
    (tmp_path / "folder").mkdir()
    write_atomically(tmp_path / "folder" / "published", b"x")
    (tmp_path / "folder" / "plain").write_bytes(b"x")
    assert mode(tmp_path / "folder") == folders
    assert [mode(path) for path in (tmp_path / "folder").iterdir()] == [files] * 2
