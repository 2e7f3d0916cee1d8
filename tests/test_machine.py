"""What a process may take of the machine: control groups limit it too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edxtasks import machine
from edxtasks.machine import core_limits, memory_limits


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
    assert memory_limits(own, groups) == [2_147_483_648]


def test_a_group_that_is_mounted_as_the_root_counts(tmp_path: Path) -> None:
    own = made(tmp_path, {"own": "0::/docker/abc\n"}) / "own"
    assert memory_limits(own, made(tmp_path / "groups", {"memory.max": "536870912\n"})) == [536_870_912]


def test_the_older_form_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    own = made(tmp_path, {"own": "9:name=systemd:/\n4:cpu,cpuacct:/x\n3:memory:/x\n"}) / "own"
    groups = made(
        tmp_path / "groups",
        {"memory/x/memory.limit_in_bytes": "1073741824\n", "cpu/x/memory.limit_in_bytes": "1\n"},
    )
    assert memory_limits(own, groups) == [1_073_741_824]


def test_a_system_without_groups_has_no_limit(tmp_path: Path) -> None:
    assert memory_limits(tmp_path / "none", tmp_path) == []
    assert core_limits(tmp_path / "none", tmp_path) == []


def test_cpu_time_of_all_groups_above_counts(tmp_path: Path) -> None:
    """A quota is microseconds of CPU time in a period of some: 150,000 in 100,000 are one core and a half."""
    own = made(tmp_path, {"own": "0::/batch.slice/job-7\n"}) / "own"
    groups = made(
        tmp_path / "groups",
        {
            "batch.slice/cpu.max": "400000 100000\n",
            "batch.slice/job-7/cpu.max": "75000 50000\n",
            "cpu.max": "max 100000\n",
        },
    )
    assert core_limits(own, groups) == [1.5, 4.0]


def test_cpu_time_in_the_older_form(tmp_path: Path) -> None:
    own = made(tmp_path, {"own": "4:cpu,cpuacct:/a/b\n3:memory:/x\n"}) / "own"
    groups = made(
        tmp_path / "groups",
        {
            "cpu/a/cpu.cfs_quota_us": "200000\n",
            "cpu/a/cpu.cfs_period_us": "100000\n",
            "cpu/a/b/cpu.cfs_quota_us": "-1\n",
            "cpu/a/b/cpu.cfs_period_us": "100000\n",
        },
    )
    assert core_limits(own, groups) == [2.0]


@pytest.mark.parametrize(("quota", "expected"), [(150_000, 2), (50_000, 1), (1_000, 1), (10_000_000, 8)])
def test_a_part_of_a_core_counts_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: int, expected: int
) -> None:
    """On a machine of eight cores."""
    made(tmp_path, {"own": "0::/\n", "groups/cpu.max": f"{quota} 100000\n"})
    monkeypatch.setattr(machine, "_OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert machine.cores() == expected
