"""What a process may take of the machine: control groups limit it too."""

from __future__ import annotations

from pathlib import Path

from edxtasks.steps.resource_limits import group_limits


def made(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_limits_of_all_groups_above_count(tmp_path: Path) -> None:
    own = made(tmp_path, {"own": "0::/batch.slice/job-7\n"}) / "own"
    groups = made(
        tmp_path / "groups",
        {"batch.slice/memory.max": "2147483648\n", "batch.slice/job-7/memory.max": "max\n"},
    )
    assert group_limits(own, groups) == [2_147_483_648]


def test_a_group_that_is_mounted_as_the_root_counts(tmp_path: Path) -> None:
    own = made(tmp_path, {"own": "0::/docker/abc\n"}) / "own"
    assert group_limits(own, made(tmp_path / "groups", {"memory.max": "536870912\n"})) == [536_870_912]


def test_the_older_form_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    own = made(tmp_path, {"own": "9:name=systemd:/\n4:cpu,cpuacct:/x\n3:memory:/x\n"}) / "own"
    groups = made(
        tmp_path / "groups",
        {"memory/x/memory.limit_in_bytes": "1073741824\n", "cpu/x/memory.limit_in_bytes": "1\n"},
    )
    assert group_limits(own, groups) == [1_073_741_824]


def test_a_system_without_groups_has_no_limit(tmp_path: Path) -> None:
    assert group_limits(tmp_path / "none", tmp_path) == []
