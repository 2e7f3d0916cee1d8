"""`stats_show_ans_before` in plain Python, pair by pair: what its models are held against.

No sum, window or join of theirs is used here; numbers are exact fractions up to the last step.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import StatisticsError, correlation, stdev
from typing import Any

Rows = Sequence[Mapping[str, Any]]
WINDOWS = {
    "15s": 15,
    "30s": 30,
    "01m": 60,
    "05m": 300,
    "10m": 600,
    "30m": 1800,
    "01h": 3600,
    "01d": 86400,
    "03d": 259200,
    "05d": 432000,
}
OF_GAPS = (5, 10, 15, 20, 30, 40, 45, 55, 60, 70, 80, 85, 95)
MOST_IS_BEST = (
    "x01h",
    "x01h_same_ip",
    "x05m",
    "sa_ca_dt_corr_ordered",
    "name_similarity",
    "norm_pearson_corr",
    "percent_same_ip_given_sab",
    "x01d",
    "CH_mcfr_cnt",
    "CH_nblank_fr_submissions",
    "CH_mcfr_percent_of_users_free_responses",
)
LEAST_IS_BEST = ("dt_std_dev", "dt_dt_p95", "median_max_dt_seconds", "percentile90_dt_seconds")


def pairs_of(
    events: Rows, checks: Rows, persons: Rows, answers: Rows, axis: Rows, confirmed: Rows, course: str
) -> list[dict[str, Any]]:
    """The rows of the table for rows of its inputs."""
    if len(persons) <= 10:
        return []
    known = {one["username"]: one for one in persons if one["username"]}
    submitted = [
        one for one in events if one["event_type"] == "problem_check" and one["module_id"] is not None
    ]
    earliest: dict[str, datetime] = {}
    first: dict[tuple[str, str], datetime] = {}
    for one in submitted:
        module, time = one["module_id"], one["time"]
        earliest[module] = min(time, earliest.get(module, time))
        if one["username"] in known:
            key = (one["username"], module)
            first[key] = min(time, first.get(key, time))
    right = {
        (one["username"], one["module_id"], one["time"]) for one in checks if one["success"] == "correct"
    }
    solved: dict[str, dict[str, datetime]] = defaultdict(dict)
    for (username, module), time in first.items():
        if (username, module, time) in right:
            solved[username][module] = time
    shown: dict[str, dict[str, set[datetime]]] = defaultdict(lambda: defaultdict(set))
    for one in events:
        if one["event_type"] == "show_answer" and one["module_id"] is not None and one["username"] in known:
            shown[one["username"]][one["module_id"]].add(one["time"])
    addresses: dict[tuple[str, str, str, datetime], str] = {}
    for one in sorted(events, key=lambda event: event["ip"] or "", reverse=True):
        if one["ip"] and one["module_id"] is not None:
            addresses[one["event_type"], one["username"], one["module_id"], one["time"]] = one["ip"]
    attempts = {
        username: len(
            {
                (one["module_id"], one["attempts"])
                for one in checks
                if one["username"] == username and one["module_id"] is not None
            }
        )
        for username in known
    }
    found: list[dict[str, Any]] = []
    for master, times in solved.items():
        of_master = []
        for harvester, shows in shown.items():
            if len(times) < 10 or len(shows) < 10 or master == harvester:
                continue
            common = []
            for module in sorted(times.keys() & shows.keys()):
                c = times[module]
                s = max((one for one in shows[module] if one < c), default=min(shows[module]))
                ip = addresses.get(("problem_check", master, module, c))
                same = ip is not None and ip == addresses.get(("show_answer", harvester, module, s))
                common.append((module, s, c, same))
            row = measured(common, earliest, len(times))
            if row is not None:
                row |= {"course_id": course, "master_candidate": master, "harvester_candidate": harvester}
                row |= of_persons(known[master], known[harvester])
                row |= of_answers(answers, axis, known[harvester]["user_id"])
                row |= of_confirmed(confirmed, master, harvester)
                row["percent_attempts_correct"] = 100 * len(times) / attempts[master]
                row["cheating_likelihood"] = likelihood(row)
                of_master.append(row)
        found += [row for row in of_master if stands_out(row, of_master)]
    return found


def seconds(gap: timedelta) -> Fraction:
    return Fraction(gap // timedelta(microseconds=1), 1_000_000)


def percentile(values: Sequence[Fraction], percent: int) -> float:
    ordered = sorted(values)
    place = Fraction(percent * (len(ordered) - 1), 100)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (place - low) * (ordered[high] - ordered[low]))


def corr(left: Sequence[Fraction], right: Sequence[Fraction]) -> float | None:
    try:
        return correlation([float(x - min(left)) for x in left], [float(y - min(right)) for y in right])
    except StatisticsError:
        return None


def chi_squared(shows: Sequence[Fraction], submissions: Sequence[Fraction]) -> float | None:
    terms = [(c - s) ** 2 / c for s, c in zip(shows, submissions, strict=True) if c]
    return float(sum(terms)) if terms else None


def measured(
    common: Sequence[tuple[str, datetime, datetime, bool]], earliest: Mapping[str, datetime], n_right: int
) -> dict[str, Any] | None:
    """What the times of a pair say; None where it is no pair."""
    before = [one for one in common if one[1] < one[2]]
    delays = [seconds(c - s) for _, s, c, _ in before]
    if len(before) < 10 or percentile(delays, 50) > 7 * 86400:
        return None
    origin = min(earliest.values())
    by_show = sorted(before, key=lambda one: (one[1], one[0]))
    by_check = sorted(before, key=lambda one: (one[2], one[0]))
    show_gap = {b[0]: seconds(b[1] - a[1]) for a, b in itertools.pairwise(by_show)}
    check_gap = {b[0]: seconds(b[2] - a[2]) for a, b in itertools.pairwise(by_check)}
    delay_gap = [abs(seconds(b[2] - b[1]) - seconds(a[2] - a[1])) for a, b in itertools.pairwise(by_check)]
    both = [module for module in show_gap if module in check_gap]
    sdt, cdt = sorted(show_gap.values()), sorted(check_gap.values())
    n_same = sum(same for *_, same in before)
    row: dict[str, Any] = {
        "median_max_dt_seconds": percentile(delays, 50),
        "percent_show_ans_before": 100 * len(before) / len(common),
        "show_ans_before": len(before),
        "percent_correct_using_show_answer": 100 * len(before) / n_right,
        "ncorrect": n_right,
        "sa_dt_p50": percentile(sdt, 50),
        "sa_dt_p90": percentile(sdt, 90),
        "ca_dt_p50": percentile(cdt, 50),
        "ca_dt_p90": percentile(cdt, 90),
        "sa_ca_dt_chi_sq_ordered": chi_squared(sdt, cdt),
        "sa_ca_dt_chi_squared": chi_squared([show_gap[m] for m in both], [check_gap[m] for m in both]),
        "sa_ca_dt_corr_ordered": corr(sdt, cdt),
        "sa_ca_dt_correlation": corr([show_gap[m] for m in both], [check_gap[m] for m in both]),
        "nsame_ip": sum(same for *_, same in common),
        "nsame_ip_given_sab": n_same,
        "percent_same_ip_given_sab": 100 * n_same / len(before),
        "percent_same_ip": 100 * sum(same for *_, same in common) / len(common),
        "prob_in_common": len(common),
        "avg_max_dt_seconds": float(sum(delays) / len(delays)),
        "norm_pearson_corr": corr(
            [seconds(s - earliest[m]) for m, s, _, _ in common],
            [seconds(c - earliest[m]) for m, _, c, _ in common],
        ),
        "unnormalized_pearson_corr": corr(
            [seconds(s - origin) for _, s, _, _ in common], [seconds(c - origin) for _, _, c, _ in common]
        ),
        "dt_iqr": percentile(delays, 75) - percentile(delays, 25),
        "dt_std_dev": stdev(delays),
        "percentile90_dt_seconds": percentile(delays, 90),
        "percentile75_dt_seconds": percentile(delays, 75),
    }
    ratio = row["sa_dt_p90"] / row["ca_dt_p90"] if row["ca_dt_p90"] else 0
    row["northcutt_ratio"] = 1 - abs(math.log(ratio)) if ratio else None
    for name, length in WINDOWS.items():
        row[f"x{name}"] = sum(delay <= length for delay in delays)
        row[f"x{name}_same_ip"] = sum(
            same and delay <= length for (*_, same), delay in zip(before, delays, strict=True)
        )
    for percent in range(5, 100, 5):
        row[f"dt_dt_p{percent:02d}"] = percentile(delay_gap, percent)
    for percent in OF_GAPS:
        row[f"sa_dt_p{percent:02d}"] = percentile(sdt, percent)
        row[f"ca_dt_p{percent:02d}"] = percentile(cdt, percent)
    return row


def of_persons(master: Mapping[str, Any], harvester: Mapping[str, Any]) -> dict[str, Any]:
    one, other = master["username"].lower(), harvester["username"].lower()
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    rotations = [shorter[start:] + shorter[:start] for start in range(len(shorter))]
    miles = None
    places = [person[name] for person in (master, harvester) for name in ("latitude", "longitude")]
    if None not in places:
        a, b, c, d = map(math.radians, places)
        half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
        miles = 7958.75 * math.asin(math.sqrt(half))
    return {
        "name_similarity": max(1 - edits(rotation, longer) / len(longer) for rotation in rotations),
        "modal_ip": master["ip"],
        "CH_modal_ip": harvester["ip"],
        "mile_dist_between_modal_ips": miles,
    }


def edits(one: str, other: str) -> int:
    """The least number of letters to put in, take out or replace."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row = row, [number]
        for place, wanted in enumerate(other, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != wanted)))
    return row[-1]


def of_answers(answers: Rows, axis: Rows, user_id: int) -> dict[str, Any]:
    choices = {
        one["module_id"].rpartition("/")[2]
        for one in axis
        if (one["data"] or {}).get("itype") in {"multiplechoiceresponse", "choiceresponse"}
    }
    free, chosen = Counter[str](), Counter[str]()
    for one in answers:
        for item in one["item"] if one["user_id"] == user_id else ():
            text = item["response"]
            is_choice = one["problem_url_name"] in choices or any(
                word in text for word in ("choice_", "dummy_default", "option_")
            )
            (chosen if is_choice else free)[text] += 1
    row: dict[str, Any] = {}
    blank = sum(kind[text] for kind in (free, chosen) for text in ('""', "null"))
    row["CH_nblank_fr_submissions"] = blank if free or chosen else None
    for kind, names in (
        (free, ("CH_most_common_free_response", "CH_mcfr_cnt", "CH_mcfr_percent_of_users_free_responses")),
        (
            chosen,
            (
                "CH_most_common_multiple_choice_answer",
                "CH_mcmc_cnt",
                "CH_mcmc_percent_of_users_multiple_choice",
            ),
        ),
    ):
        text, number = min(kind.items(), key=lambda one: (-one[1], one[0]), default=(None, None))
        share = 100 * number / kind.total() if number is not None else None
        row |= dict(zip(names, (text, number, share), strict=True))
    return row


def of_confirmed(confirmed: Rows, master: str, harvester: str) -> dict[str, Any]:
    cases = [
        (one["course_id"].removeprefix("course-v1:").replace("+", "/"), one["username"], one["CH"])
        for one in confirmed
    ]
    return {
        "ncameo": len({course for course, name, _ in cases if name == master}),
        "ncameo_both": len({course for course, name, other in cases if (name, other) == (master, harvester)}),
    }


def likelihood(row: Mapping[str, Any]) -> float | None:
    def known(name: str) -> float:
        return row[name] or 0

    ones = (
        "name_similarity",
        "percent_same_ip",
        "nsame_ip_given_sab",
        "x10m",
        "percent_same_ip_given_sab",
        "x01h_same_ip",
        "x05m_same_ip",
        "CH_mcfr_cnt",
        "CH_nblank_fr_submissions",
        "CH_mcfr_percent_of_users_free_responses",
    )
    product = math.prod(1 + known(name) for name in ones) * known("percent_show_ans_before")
    product *= (1.00001 + known("norm_pearson_corr")) * (1.00001 + known("sa_ca_dt_corr_ordered"))
    divisor = row["dt_std_dev"] * row["dt_dt_p95"] * row["median_max_dt_seconds"]
    return product / divisor if divisor else None


def stands_out(row: Mapping[str, Any], rows: Rows) -> bool:
    def place(name: str, sign: int) -> int:
        mine: float | None = row[name]
        others: list[float] = [other[name] for other in rows if other[name] is not None]
        if mine is None:
            return 1 + len(others)  # what is not known comes last
        # Equal values that were computed in two ways differ in the last digits.
        return 1 + sum(sign * (other - mine) > 1e-9 * abs(mine) for other in others)

    return (
        row["ncameo_both"] > 0
        or place("cheating_likelihood", 1) <= 5
        or any(place(name, 1) <= 3 for name in MOST_IS_BEST)
        or any(place(name, -1) <= 3 for name in LEAST_IS_BEST)
    )
