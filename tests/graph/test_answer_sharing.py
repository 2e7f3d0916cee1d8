"""Pairs of accounts that share answers: those planted in the simulated campus are found, and no others."""

from __future__ import annotations

import gzip
import itertools
import json

import duckdb
from project import Project


def planted(project: Project, course: str) -> set[tuple[str, str]]:
    """Master and harvester of each pair that was planted, by the ledger."""
    path = project.folder / "ledger" / "learners" / f"{course.replace('/', '__')}.jsonl.gz"
    learners = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return {
        (first["username"], second["username"])
        for first, second in itertools.pairwise(learners)
        if (first["kind"], second["kind"]) == ("master", "harvester")
    }


def test_the_planted_pairs_are_found_and_no_others(built: Project) -> None:
    built.doit("ip_sybils", "temporal_fingerprints")
    wanted = {course: planted(built, course) for course in built.courses}
    assert any(wanted.values())
    for course, pairs in wanted.items():
        dataset = built.warehouse / course.replace("/", "__").replace(".", "_")
        groups = duckdb.execute(
            "SELECT max(username) FILTER (certified), max(username) FILTER (NOT certified), count(*) "
            f"FROM '{dataset}/stats_ip_pair_sybils.parquet' GROUP BY ip"
        ).fetchall()
        assert {(master, harvester) for master, harvester, _ in groups} == pairs
        assert all(members == 2 for *_, members in groups)
        found = duckdb.execute(
            "SELECT CAMEO_username, shadow_username "
            f"FROM '{dataset}/stats_temporal_fingerprint_correlations.parquet'"
        ).fetchall()
        assert set(found) == pairs
