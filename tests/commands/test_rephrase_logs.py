"""`doit rephrase_logs`: the standard input, and files in place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from doit_process import doit

# By hand: the time in UTC with microseconds, the event as JSON text, the course in its slash form, the key
# `referer` in `mongoid`.
LINE = (
    b'{"username": "ann", "event_source": "server", "event_type": "/about", "referer": "r",'
    b' "time": "2013-01-05T05:00:00-05:00", "course_id": "course-v1:A+B+C", "event": "{\\"a\\": 1}"}\n'
)
ROW = {
    "time": "2013-01-05T10:00:00.000000+00:00",
    "username": "ann",
    "event_source": "server",
    "event_type": "/about",
    "course_id": "A/B/C",
    "mongoid": '{"referer":"r"}',
    "event": '{"a":1}',
}


def rows(text: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_from_the_standard_input_to_the_standard_output(tmp_path: Path) -> None:
    stdin = b"no json\n" + LINE + b"\n[1]\n" + LINE.replace(b"2013-01-05T05", b"soon") + LINE.rstrip()
    ended = doit(tmp_path, "rephrase_logs", stdin=stdin)
    assert rows(ended.out) == [ROW, ROW]
    assert ended.err.splitlines()[1:] == [
        "line 1: bad_json",
        "line 4: not_object",
        "line 5: bad_time",
        "6 lines, 2 rows, 3 rejects, 1 blank",
    ]
    assert "ann" not in ended.err  # nothing of a rejected line is shown
    again = doit(tmp_path, "rephrase_logs", stdin=ended.out)
    assert again.out == ended.out


def test_the_text_form_is_that_of_the_settings(tmp_path: Path) -> None:
    ended = doit(tmp_path, "rephrase_logs", "--json-text-form=predecessor", stdin=LINE)
    assert rows(ended.out)[0]["event"] == '{"a": 1}'
    (tmp_path / "mine.toml").write_text('json_text_form = "predecessor"\n')
    assert doit(tmp_path, "rephrase_logs", "--config=mine.toml", stdin=LINE).out == ended.out
    assert "expected one of" in doit(tmp_path, "rephrase_logs", "--json-text-form=x", status=3).err


def test_a_row_does_not_depend_on_the_line_before(tmp_path: Path) -> None:
    request = json.dumps(
        {
            "event_source": "server",
            "event_type": "/courses/A/B/C/xblock/handler",
            "event": '{"POST": {"position": ["8"]}, "GET": {}}',
            "context": {"user_id": 7, "course_id": "A/B/C", "path": "/e"},
            "time": "2013-01-05T10:00:00.000000+00:00",
        }
    ).encode()
    unknown = LINE.replace(b'"referer"', b'"new_key"')
    for form, post in (("compact", '{"position":["8"]}'), ("predecessor", '{"position": ["8"]}')):
        both = doit(tmp_path, "rephrase_logs", f"--json-text-form={form}", stdin=unknown + request)
        alone = doit(tmp_path, "rephrase_logs", f"--json-text-form={form}", stdin=request)
        assert both.out.splitlines()[1:] == alone.out.splitlines()
        assert rows(alone.out)[0]["event_struct"] == {"POST": post, "GET": "{}"}


def test_files_in_place(tmp_path: Path) -> None:
    plain, packed, odd = tmp_path / "a.log", tmp_path / "b.log.gz", tmp_path / "c=1.log"
    plain.write_bytes(LINE + b"no json\n")
    packed.write_bytes(gzip.compress(LINE))
    odd.write_bytes(LINE)
    ended = doit(tmp_path, "rephrase_logs", "a.log", "gone.log", "b.log.gz", "--file=c=1.log", status=1)
    assert ended.out == b""
    assert rows(plain.read_bytes()) == [ROW]
    assert (tmp_path / "old-a.log").read_bytes() == LINE + b"no json\n"
    assert rows(gzip.decompress(packed.read_bytes())) == [ROW]
    assert gzip.decompress((tmp_path / "old-b.log.gz").read_bytes()) == LINE
    assert rows(odd.read_bytes()) == [ROW]
    assert ended.err.splitlines()[1:] == [
        "a.log line 2: bad_json",
        "a.log: 2 lines, 1 row, 1 reject; original kept as old-a.log",
        "ERROR: there is no file gone.log",
        "b.log.gz: 1 line, 1 row, 0 rejects; original kept as old-b.log.gz",
        "c=1.log: 1 line, 1 row, 0 rejects; original kept as old-c=1.log",
    ]


def test_rephrased_files_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(LINE)
    doit(tmp_path, "rephrase_logs", "a.log")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ended = doit(tmp_path, "rephrase_logs", "a.log")
    assert ended.err.endswith("a.log: 1 line, 1 row, 0 rejects; it held rows already\n")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
