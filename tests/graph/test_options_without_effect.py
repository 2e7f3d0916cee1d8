"""An option that nothing heeds is refused, and so is a step that no named command has."""

from __future__ import annotations

from pathlib import Path

import pytest
from doit.exceptions import InvalidDodoFile

from edxtasks.graph.load import load_namespace


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "nskip=30"], "nskip=30 leaves nothing to do: the steps of report are show_answer_stats"),
        (["time_task", "time_on_task_config=timeout_long:40"], "other timeouts need a table of their own"),
        (["ip_sybils", "only_step=9"], "the steps of ip_sybils are 1, 2, 3, 4, 5"),
        (["person_course", "extparam=x"], "extparam is for external:R_mirt: what is asked for does nothing"),
        (["external:ppwide", "skiprun=1"], "skiprun is for external:R_mirt: what is asked for does nothing"),
        (["doall", "seed=2"], "seed is for simulate: what is asked for does nothing with it"),
        (["weekly", "collection=x"], "collection is for mongo2gs: what is asked for does nothing with it"),
        (["person_course", "only_step=1"], "only_step=1: person_course has no steps"),
    ],
)
def test_what_would_do_nothing_is_refused(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text('course_id_list = ["MITx/2.03x/3T2013"]\n')
    with pytest.raises(InvalidDodoFile, match=said):
        load_namespace(tmp_path, words, {})


def test_the_steps_of_a_command(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text('course_id_list = ["MITx/2.03x/3T2013"]\n')

    def made(*words: str) -> set[str]:
        namespace = load_namespace(tmp_path, list(words), {})
        [task] = [
            one for one in namespace["task_edxtasks"]() if one["basename"] == "ip_sybils" and one["name"]
        ]
        return {name.partition(":")[0] for name in task["task_dep"]}

    assert made("ip_sybils") == {"sybil_accounts", "stats_ip_pair_sybils"}
    assert made("ip_sybils", "only_step=4") == {"stats_show_ans_before_high_score"}
    high_score = "stats_show_ans_before_high_score"
    assert made("ip_sybils", "only_step=1,4") == {"sybil_accounts", "stats_ip_pair_sybils", high_score}
