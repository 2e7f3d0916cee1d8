"""The report of item response theory: what is known of each cut of each problem. Needs no library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from edxtasks.psychometrics.problems import Problem
from edxtasks.warehouse.rows import Row

OURS = "edxtasks GRM"
"""What `item_irt_grm` has in its column `irt_method` where it is ours; other programs do not write it."""
STATA = "STATA GRM"
MIRT = "R mirt GRM"


def report_rows(
    course_id: str,
    parameters: Iterable[Mapping[str, object]],
    method: str,
    problems: Mapping[int, Problem],
    course_problem: Iterable[Mapping[str, object]],
    reliabilities: Iterable[Mapping[str, object]],
) -> Iterator[Row]:
    """A row for each cut of each problem that is in all of `parameters`, `problems` and `course_problem`.

    `method` is how the parameters were found where they do not say so themselves.
    """
    scores = {row["problem_nid"]: row for row in course_problem}
    reliable = {row["item"]: row for row in reliabilities}
    for row in sorted(parameters, key=lambda row: (_number(row["problem_nid"]), _number(row["cutnum"]))):
        nid = row["problem_nid"]
        if not isinstance(nid, int) or nid not in problems or nid not in scores:
            continue
        problem, score = problems[nid], scores[nid]
        of_item: Mapping[str, object] = reliable.get(f"y{nid}", {})
        yield {
            "course_id": course_id,
            "problem_nid": nid,
            "problem_short_id": problem.short_id,
            "chapter": problem.chapter,
            "assignment_type": problem.assignment_type,
            "problem_label": problem.report_label,
            "problem_id": problem.problem_id,
            "IRT_item_number": f"{nid}/{row['cutnum']}",
            "avg_problem_raw_score": score["avg_problem_raw_score"],
            "avg_problem_pct_score": score["avg_problem_pct_score"],
            "n_unique_users_attempted": score["n_unique_users_attempted"],
            "item_test": of_item.get("itemtestcorr"),
            "item_rest": of_item.get("itemrestcorr"),
            "alpha": of_item.get("alpha"),
            "Difficulty": row["irt_diff"],
            "Discrimination": row["irt_disc"],
            "Difficulty_SE": row["diff_se"],
            "Discrimination_SE": row["disc_se"],
            "irt_method": row.get("irt_method") or method,
        }


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1
