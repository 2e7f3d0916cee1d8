"""The commands that print, filter and delete, as processes: what is data, what a message, which status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from doit_process import doit

NO_FILE = "no configuration file"


def configure(folder: Path, text: str) -> None:
    (folder / "config").mkdir()
    (folder / "config" / "edxtasks.toml").write_text(text)


# Without dodo.py, in an empty folder


def test_a_filter_runs_in_an_empty_folder(tmp_path: Path) -> None:
    # Quotes are doubled and quoted, a comma is quoted; \n is two characters and stays; 0xff is not UTF-8.
    ended = doit(tmp_path, "tsv2csv", stdin=b'id\tname\n1\tsay "x", y\n2\ta\\nb\xff')
    assert ended.out == b'id,name\n1,"say ""x"", y"\n2,a\\nb\xff\n'
    assert NO_FILE in ended.err
    assert list(tmp_path.iterdir()) == []


def test_words_that_a_filter_does_not_take(tmp_path: Path) -> None:
    ended = doit(tmp_path, "tsv2csv", "users.sql", status=3)
    assert ended.out == b""
    assert ended.err.endswith('ERROR: "users.sql" is too much: doit tsv2csv < IN.sql > OUT.csv\n')


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "doit", "tsv2csv"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, cwd=tmp_path, input=b"a\n", stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[1:] == ["ERROR: No space left on device; free some space"]


def test_a_reader_that_has_gone_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "doit", "tsv2csv"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate(b"a\tb\n" * 100_000)
    assert process.returncode == 141
    assert len(err.decode().splitlines()) <= 1  # that there is no configuration file, where it came so far


def test_help_of_a_command(tmp_path: Path) -> None:
    for words in (("tsv2csv", "--help"), ("help", "tsv2csv")):
        text = doit(tmp_path, *words).out.decode()
        assert "tsv2csv < IN.sql > OUT.csv\n" in text
        assert "--config" in text


# Options and courses


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A log directory with one course of each kind; the folder above it has no configuration."""
    import gzip

    for course, line in (("MITx__6.00x__1T2014", b"block-v1:\n"), ("HarvardX__A1__2013", b"i4x://\n")):
        folder = tmp_path / "LOGS" / course
        folder.mkdir(parents=True)
        (folder / "tracklog-2014-01-01.json.gz").write_bytes(gzip.compress(line * 33))
    return tmp_path / "LOGS"


@pytest.mark.parametrize(
    "words",
    [
        ("--logs-dir", "LOGS", "MITx/6.00x/1T2014", "HarvardX/A1/2013"),
        ("MITx/6.00x/1T2014", "--logs-dir=LOGS", "HarvardX/A1/2013"),
        ("course-v1:MITx+6.00x+1T2014", "HarvardX/A1/2013", "--logs-dir", "LOGS"),
        ("logs_dir=LOGS", "MITx/6.00x/1T2014", "HarvardX/A1/2013"),
    ],
)
def test_options_stand_anywhere(logs: Path, words: tuple[str, ...]) -> None:
    ended = doit(logs.parent, "course_key_version", *words)
    assert ended.lines == ["--> MITx/6.00x/1T2014: v1", "--> HarvardX/A1/2013: standard"]


LISTS = """
course_id_list = ["HarvardX/A1/2013"]
[courses]
mine = ["MITx/6.00x/1T2014", "HarvardX/A1/2013", "MITx/6.00x/1T2014"]
none = []
[paths]
tracking_logs_directory = "LOGS"
"""


def test_course_lists_of_the_configuration(logs: Path) -> None:
    configure(logs.parent, LISTS)
    one, two = "--> HarvardX/A1/2013: standard", "--> MITx/6.00x/1T2014: v1"
    assert doit(logs.parent, "course_key_version", "--year2").lines == [one]
    listed = doit(logs.parent, "course_key_version", "--clist", "mine")
    assert listed.lines == [two, one]
    assert listed.err == "named more than once, used once: MITx/6.00x/1T2014\n"
    overruled = doit(logs.parent, "course_key_version", "MITx/6.00x/1T2014", "--year2")
    assert overruled.lines == [one]
    assert "not used: MITx/6.00x/1T2014" in overruled.err
    empty = doit(logs.parent, "course_key_version", "--clist=none")
    assert empty.lines == []
    assert "clist=none is empty" in empty.err


def test_a_command_never_takes_the_usual_courses_by_itself(logs: Path) -> None:
    configure(logs.parent, LISTS)
    ended = doit(logs.parent, "course_key_version", status=3)
    assert ended.lines == []
    assert ended.err.startswith("ERROR: no course is named")


def test_a_list_that_is_unknown_and_ids_that_are_none(logs: Path) -> None:
    configure(logs.parent, LISTS)
    assert 'did you mean "mine"?' in doit(logs.parent, "course_key_version", "--clist=mime", status=3).err
    ended = doit(logs.parent, "course_key_version", "A/B", "MITx/6.00x/1T2014", "C//D", status=3)
    assert ended.lines == []
    assert ended.err.startswith("ERROR: A/B, C//D: not course keys (expected ")


def test_which_configuration_is_read(logs: Path) -> None:
    other = logs.parent / "other.toml"
    other.write_text('[paths]\ntracking_logs_directory = "LOGS"\n')
    words = ("course_key_version", "MITx/6.00x/1T2014")
    told = ["--> MITx/6.00x/1T2014: v1"]
    assert doit(logs.parent, *words, "--config", "other.toml").lines == told
    assert doit(logs.parent, *words, "config=other.toml").lines == told
    assert doit(logs.parent, *words, EDXTASKS_CONFIG="other.toml").lines == told
    assert "tracking_logs_directory is needed" in doit(logs.parent, *words, status=3).err
    assert "does not exist" in doit(logs.parent, *words, "--config=no.toml", status=3).err
    twice = doit(logs.parent, *words, "--config=other.toml", "config=other.toml", status=3)
    assert "config is given twice" in twice.err
    # As for tasks, the configuration lies beside the dodo.py that is named.
    elsewhere = logs.parent / "elsewhere"
    elsewhere.mkdir()
    configure(logs.parent, LISTS)
    assert doit(elsewhere, "-f", "../dodo.py", *words).lines == told


def test_unknown_options_name_the_nearest(tmp_path: Path) -> None:
    ended = doit(tmp_path, "delete_empty_tables", "--skirun", "A/B/C", status=3)
    assert ended.err == (
        'ERROR: option --skirun not recognized; did you mean "skiprun"? (doit delete_empty_tables --help)\n'
    )


def test_words_that_doit_swallows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a=1.log").write_bytes(b"{}\n")
    ended = doit(tmp_path, "rephrase_logs", "a=1.log", status=3)
    assert "--file='a=1.log'" in ended.err
    # A name that means something, but nothing here, is not a reason to read the standard input instead.
    assert "takes no courses" in doit(tmp_path, "rephrase_logs", "courses=1.log", status=3).err
    course = doit(tmp_path, "course_key_version", "A/B/C", "end_dat=2013-01-01", status=3)
    assert 'did you mean "end_date"?' in course.err
    assert "--where='end_dat=2013-01-01'" in course.err


def test_one_course_does_not_stop_another(logs: Path) -> None:
    words = ("X/Y/Z", "MITx/6.00x/1T2014", "logs_dir=LOGS")
    ended = doit(logs.parent, "course_key_version", *words, status=1)
    assert ended.lines == ["--> MITx/6.00x/1T2014: v1"]
    assert ended.err.endswith(f"ERROR: X/Y/Z: there is no split log in {logs / 'X__Y__Z'}\n")


# Single commands


def test_grade_reports_say_where_to_put_them(tmp_path: Path) -> None:
    (tmp_path / "SQL" / "MITx-6.00x-1T2014").mkdir(parents=True)
    words = ("MITx/6.00x/1T2014", "MITx/6.00x/2T2014", "--course-base-dir", "SQL")
    ended = doit(tmp_path, "grade_reports", *words, status=1)
    folder = tmp_path / "SQL" / "MITx-6.00x-1T2014" / "from_edxinstructordash"
    assert len(ended.lines) == 1
    assert ended.lines[0].startswith("MITx/6.00x/1T2014: ")
    assert ended.lines[0].endswith(f"{folder}/")
    assert "ERROR: MITx/6.00x/2T2014 has no directory" in ended.err


def test_recommended_pin_dates_can_be_pasted(tmp_path: Path) -> None:
    for dump in ("2013-12-01", "2014-02-16", "2014-03-02"):
        (tmp_path / "SQL" / "MITx__2.03x__3T2013" / dump).mkdir(parents=True)
        (tmp_path / "SQL" / "MITx__2.03x__3T2013" / dump / "course.xml.tar.gz").touch()
    (tmp_path / "SQL" / "MITx-6.00x-1T2014" / "2014-03-02").mkdir(parents=True)
    (tmp_path / "listings.csv").write_text(
        "course_id,Course Wrap\n"
        "MITx/2.03x/3T2013,1/20/2014\n"  # the first dump on or after it: 2014-02-16
        "MITx/6.00x/1T2014,6/1/2014\n"  # no dump of it holds a course export
    )
    words = ("--listings=listings.csv", "MITx/6.00x/1T2014", "MITx/2.03x/3T2013", "A/B/C")
    ended = doit(tmp_path, "recommend_pin_dates", *words, "course_base_dir=SQL")
    assert ended.out == b'[course_axis_pin_dates]\n"MITx/2.03x/3T2013" = "2014-02-16"\n'
    notices = ended.err.splitlines()[1:]
    assert [line.split(": ")[0] for line in notices] == ["MITx/6.00x/1T2014", "A/B/C"]
    assert "no listings file" in doit(tmp_path, "recommend_pin_dates", "A/B/C", status=1).err
