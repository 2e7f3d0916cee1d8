"""Memory that is freed is kept for what comes next."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
from edxtasks.logs.heap import keep_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def use_and_free():
    kept = [b"x" * 3_000_000 for _ in range(5)]

keep_freed_memory()
use_and_free()
before = faults()
for _ in range(10):
    use_and_free()
print(faults() - before)
"""
PAGES_OF_A_ROUND = 15_000_000 // 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_memory_is_asked_for_once() -> None:
    run = subprocess.run([sys.executable, "-c", FAULTS], check=True, capture_output=True)
    assert int(run.stdout) < PAGES_OF_A_ROUND / 10
