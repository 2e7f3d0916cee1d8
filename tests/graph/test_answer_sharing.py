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


def groups_by_address(project: Project) -> set[tuple[frozenset[str], frozenset[str]]]:
    """Usernames and addresses of each group, worked out by merging sets until none meet."""
    groups: list[tuple[set[str], set[str]]] = []
    for course in project.courses:
        dataset = project.warehouse / course.replace("/", "__").replace(".", "_")
        pairs = duckdb.execute(f"SELECT username, ip FROM '{dataset}/person_course.parquet' WHERE ip != ''")
        for username, address in pairs.fetchall():
            meeting = [one for one in groups if username in one[0] or address in one[1]]
            merged = (
                {username}.union(*(one[0] for one in meeting)),
                {address}.union(*(one[1] for one in meeting)),
            )
            groups = [one for one in groups if one not in meeting] + [merged]
    return {(frozenset(usernames), frozenset(addresses)) for usernames, addresses in groups}


def made_groups(project: Project) -> set[tuple[frozenset[str], frozenset[str]]]:
    rows = duckdb.execute(
        f"SELECT username, ip, grp FROM '{project.warehouse}/courses/uname_ip_groups.parquet'"
    )
    found: dict[int, tuple[set[str], set[str]]] = {}
    for username, address, number in rows.fetchall():
        usernames, addresses = found.setdefault(number, (set(), set()))
        usernames.add(username)
        addresses.add(address)
    return {(frozenset(usernames), frozenset(addresses)) for usernames, addresses in found.values()}


def test_groups_over_all_courses_do_not_shrink_where_one_is_named(built: Project) -> None:
    first, second = built.courses
    outcome = built.doit(f"ip_sybils:{first}", "only_step=2")
    # There was none: made for want of it, of this course alone, which is told.
    assert outcome.built >= {"courses.uname_ip_groups", f"stats_ip_pair_sybils2:{first}"}
    assert "it does not exist; made from the courses of this run alone (1)" in outcome.err
    of_one = made_groups(built)
    # A run of the list makes it of all courses; a run of one then takes it as it stands.
    assert "courses.uname_ip_groups" in built.doit("ip_sybils", "only_step=2").built
    of_all = made_groups(built)
    assert of_all == groups_by_address(built) != of_one
    built.doit("forget", "courses.uname_ip_groups")
    outcome = built.doit(f"ip_sybils:{second}", "only_step=2")
    assert "courses.uname_ip_groups" not in outcome.built
    assert made_groups(built) == of_all
    # Groups of one's own take its place.
    dataset = built.warehouse / second.replace("/", "__").replace(".", "_")
    [(master, harvester, ip)] = duckdb.execute(
        "SELECT max(username) FILTER (certified), max(username) FILTER (NOT certified), max(ip) "
        f"FROM '{dataset}/stats_ip_pair_sybils2.parquet'"
    ).fetchall()
    (built.folder / "own.csv").write_text(f"username,ip,grp\n{master},{ip},77\n{harvester},{ip},77\n")
    outcome = built.doit("ip_sybils", f"courses={second}", "only_step=2", "table=own.csv")
    assert "courses.uname_ip_groups" not in outcome.built
    numbers = duckdb.execute(f"SELECT DISTINCT grp FROM '{dataset}/stats_ip_pair_sybils2.parquet'")
    assert numbers.fetchall() == [(77,)]


def test_the_planted_pairs_are_found_and_no_others(built: Project) -> None:
    built.doit("ip_sybils", "only_step=1,2,3,5,6", "temporal_fingerprints")
    wanted = {course: planted(built, course) for course in built.courses}
    assert any(wanted.values())
    for course, pairs in wanted.items():
        dataset = built.warehouse / course.replace("/", "__").replace(".", "_")
        for table, group in (("stats_ip_pair_sybils", "ip"), ("stats_ip_pair_sybils2", "grp")):
            groups = duckdb.execute(
                "SELECT max(username) FILTER (certified), max(username) FILTER (NOT certified), count(*) "
                f"FROM '{dataset}/{table}.parquet' GROUP BY {group}"
            ).fetchall()
            assert {(master, harvester) for master, harvester, _ in groups} == pairs
            assert all(members == 2 for *_, members in groups)
        for table, harvester in (
            ("stats_ip_pair_sybils3", "shadow"),
            ("stats_ip_pair_sybils3_unfiltered", "harvester"),
        ):
            found = duckdb.execute(
                f"SELECT username, {harvester} FROM '{dataset}/{table}.parquet'"
            ).fetchall()
            assert {pair for pair in found if pair[1] is not None} == pairs
            assert {username for username, other in found if other is None} == {one for _, one in pairs}
        # Of each master the planted harvester is the likeliest.
        likeliest = duckdb.execute(
            "SELECT master_candidate, arg_max(harvester_candidate, cheating_likelihood) "
            f"FROM '{dataset}/stats_show_ans_before.parquet' GROUP BY 1"
        ).fetchall()
        assert pairs <= set(likeliest)
        numbers = duckdb.execute(
            "SELECT n_certified_cameo, n_non_certified_cameo_harvester "
            f"FROM '{dataset}/stats_cameo_demographics.parquet'"
        ).fetchall()
        assert numbers == [(len(pairs), len(pairs))]
        found = duckdb.execute(
            "SELECT CAMEO_username, shadow_username "
            f"FROM '{dataset}/stats_temporal_fingerprint_correlations.parquet'"
        ).fetchall()
        assert set(found) == pairs
