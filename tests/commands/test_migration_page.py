"""docs/from-edx2bigquery.md: every command and option of edx2bigquery stands there, and what the page says to
type is valid, and what the product itself answers."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import entry_points

import pytest
from product_registry import product_registry
from project import REPOSITORY
from test_old_forms import answer

from edxtasks.build.registry import commands
from edxtasks.commands.compare import Compare
from edxtasks.config import OPTIONS, SETTINGS
from edxtasks.graph.task_files import read_tasks
from edxtasks.graph.tasks import task_kinds

PAGE = (REPOSITORY / "docs" / "from-edx2bigquery.md").read_text()

# Its commands, from its help and its code.
THEIR_COMMANDS = re.findall(
    r"\w+",
    """
    setup_sql daily_logs doall nightly external waldofy make_uic make_roles sql2bq load_forum user_part
    grades_persistent grade_reports mongo2user_info staff2bq makegeoip tsv2csv analyze_problems item_tables
    irt_report problem_check show_answer problem_events attempts_correct ip_sybils temporal_fingerprints
    analyze_videos analyze_forum analyze_ora analyze_idv time_task time_asset split logs2gs logs2bq mongo2gs
    rephrase_logs course_key_version axis2bq grading_policy grades analyze_content analyze_course
    recommend_pin_dates make_cinfo pcday_ip pcday_trlang person_day enrollment_day enrollment_events
    person_course report combinepc research testbq get_course_tables get_tables get_table_data
    get_course_data get_data get_table_info get_course_table_status delete_empty_tables delete_stats_tables
    delete_tables check_for_duplicates list_course_logs check_pc_dates test_mark_processed
    """,
)
# Its options, likewise.
THEIR_OPTIONS = re.findall(
    r"\S+",
    """
    --help --verbose --course-base-dir --course-date-dir --dataset-latest --latest-sql-dir --start-date
    --end-date --tlfn --logs-dir --dynamic-dates --logfn-keepdir --not-before --skip-last-day --year2 --clist
    --clist-from-missing-table --force-recompute --skip-if-exists --skip-geoip --just-do-nightly
    --just-do-geoip --skip-log-loading --skip-already-successful --just-do-totals --time-on-task-config
    --limit-query-size --table-max-size-mb --nskip --only-step --table --org --listings --output-project-id
    --output-dataset-id --output-bucket --project-id --combine-into --combine-into-table --add-courseid
    --skip-missing --output-format-json --gzip --just-get-schema --only-if-newer --parallel --max-parallel
    --external --extparam --skiprun --submit-condor --subsection --dbname --collection --download-only
    --course-id-type
    """,
)
ROWS = re.findall(r"^\| `edx2bigquery (.*?)` \| (.*) \|$", PAGE, re.MULTILINE)
LINES = [
    *re.findall(r"^doit .*$", PAGE, re.MULTILINE),
    *(match for _, right in ROWS for match in re.findall(r"^`(doit .*?)`", right)),
]
COMMANDS = {point.name for point in entry_points(group="doit.COMMAND")}
REGISTRY = product_registry()
KINDS = task_kinds(REGISTRY, read_tasks(REGISTRY))
TASKS = {*KINDS.per_course, *KINDS.over_courses, *KINDS.others, *commands(REGISTRY), "external"}


def words_of(line: str) -> list[str]:
    return shlex.split(line.partition(" < ")[0])[1:]


def test_every_command_has_a_row() -> None:
    named = {word for left, _ in ROWS for word in shlex.split(left.partition(" < ")[0]) if word[0] != "-"}
    named |= {"external" for left, _ in ROWS if "--external" in left}
    assert [command for command in THEIR_COMMANDS if command not in named] == []


def test_every_option_has_a_row() -> None:
    section = PAGE.partition("### Every option")[2].partition("\n### ")[0]
    cells = re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
    told = [name for cell in cells for name in re.findall(r"`(--[\w-]+)`", cell)]
    assert sorted(told) == sorted(THEIR_OPTIONS)


def test_options_here_exist() -> None:
    section = PAGE.partition("### Every option")[2].partition("\n### ")[0]
    rights = re.findall(r"^\| `-.*?\| (.*) \|$", section, re.MULTILINE)
    names = {name for right in rights for name in re.findall(r"`(\w+)=", right)}
    known = {*OPTIONS, *(name for home, name in SETTINGS if home in ("", "paths"))}
    assert names - known == set()
    assert len(names) > 30


@pytest.mark.parametrize("line", sorted(set(LINES)))
def test_the_lines_to_type_are_valid(line: str) -> None:
    """Names of tasks and commands are known, so are options; and no line is in the old form."""
    name, *words = words_of(line)
    if name in COMMANDS:
        [point] = entry_points(group="doit.COMMAND", name=name)
        command = point.load()()
        options, _ = command.cmdparser.parse([word for word in words if word[0] == "-" or "=" not in word])
        assert options is not None
        return
    assert answer(" ".join(words_of(line)).replace("COURSE", "A/B/C")) is None
    assert name.partition(":")[0] in TASKS
    variables = [word.partition("=")[0] for word in words if "=" in word]
    known = {*OPTIONS, *(known for home, known in SETTINGS if home in ("", "paths"))}
    assert set(variables) <= known


@pytest.mark.parametrize(("left", "right"), ROWS, ids=[left for left, _ in ROWS])
def test_the_page_says_what_the_product_answers(left: str, right: str) -> None:
    """A line of edx2bigquery, with doit in its place, is answered with the line of the page, or is it."""
    typed = right.partition("`doit ")[2].partition("`")[0].partition(" < ")[0]
    if not typed:
        return  # dropped
    old = left.partition(" < ")[0].replace("COURSE", "A/B/C")
    answered = answer(old)
    expected = typed.replace("COURSE", "A/B/C")
    assert (answered or f"doit {old}") == f"doit {expected}"


def test_links_lead_to_files_and_headings() -> None:
    for link, _, anchor in re.findall(r"\]\(([^)#]*)(#([\w-]+))?\)", PAGE):
        page = (REPOSITORY / "docs" / link) if link else REPOSITORY / "docs" / "from-edx2bigquery.md"
        assert page.is_file(), link
        if anchor:
            heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}
            assert anchor in slugs, anchor


def test_the_example_of_compare_is_what_it_prints() -> None:
    """Its labels are those of the command."""
    assert Compare.name == "compare"
    block = PAGE.partition("```\nhere ")[2].partition("```")[0]
    assert [line.split("  ")[0].strip() for line in block.splitlines()[1:7]] == [
        "there",
        "key",
        "equal",
        "changed",
        "only here",
        "only there 0",
    ]
