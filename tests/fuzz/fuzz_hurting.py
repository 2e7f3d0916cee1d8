"""Inputs built to hurt: they ask for much more time or memory than their size is worth, where a reader lets
them. Each is read in a process of its own, whose time on the processor and whose memory are bounded.

    python tests/fuzz/fuzz_hurting.py [--megabytes N] [--only TARGET]

measures seconds and MiB for each MB of input, and how they grow when an input is made twice as large.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import multiprocessing
import resource
import sys
import tarfile
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import zstandard
from fuzz_targets import TARGETS, outcome
from scratch_folder import scratch_folder

MOST_SECONDS = 60
"""Seconds on the processor after which a process is ended, where its input should take less than one."""

MOST_MEMORY = 2 << 30
"""Bytes of address space that an input may ask for."""

UNPACKED = 50
"""To how many times its size a bomb unpacks."""

Builder = Callable[[int], bytes]
"""An input of about so many bytes."""


def _repeated(text: str, before: str = "", after: str = "") -> Builder:
    """`text` again and again."""
    return lambda size: (before + text * (size // len(text.encode())) + after).encode(errors="surrogatepass")


def _nested(begin: str, end: str, inside: str = "1") -> Builder:
    return lambda size: (
        begin * (size // len(begin + end)) + inside + end * (size // len(begin + end))
    ).encode()


def _event(event: Builder) -> Builder:
    """A line of a log with this text as its event."""
    line = {"event_source": "server", "event_type": "x", "time": "2016-05-04T00:00:00+00:00"}
    return lambda size: json.dumps({**line, "event": event(size).decode(errors="replace")}).encode()


def _member(name: str, value: Builder) -> Builder:
    """A line of a log with a member of this JSON."""
    begin = '{"event_source": "server", "time": "2016-05-04T00:00:00+00:00", "' + name + '": '
    return lambda size: begin.encode() + value(size) + b"}"


def _keys(size: int) -> bytes:
    """An object of many different keys."""
    return b'{"event_source": "server", ' + b", ".join(b'"k%d": 1' % n for n in range(size // 12)) + b"}"


def _courses(size: int) -> bytes:
    """Lines of as many courses."""
    line = b'{"event_source": "server", "context": {"course_id": "A/b/c%d"}, "time": "2016-05-04T00:00:00Z"}'
    return b"\n".join(line % n for n in range(size // len(line)))


def _columns(size: int) -> bytes:
    """A table of very many columns."""
    return b"id\t" + b"a\t" * (size // 4) + b"\n1\t" + b"b\t" * (size // 4) + b"\n"


_STATES = (
    "== studentmodule.sql\n"
    "id\tmodule_type\tmodule_id\tstudent_id\tstate\tgrade\n"
    "1\tproblem\ti4x://UnivX/3.14x/problem/a\t7\t"
)


def _accounts(size: int) -> bytes:
    """Accounts that all have one name."""
    rows = b"".join(b"%d\tanna\ta@b.example\n" % number for number in range(size // 24))
    return b"== users.sql\nid\tusername\temail\n" + rows


def _different_modules(size: int) -> bytes:
    return b"id\tmodule_id\n" + b"".join(b"1\t%d\n" % number for number in range(size // 9))


def _namespaces(size: int) -> bytes:
    return b"<a " + b" ".join(b'xmlns:n%d="u"' % number for number in range(size // 15)) + b"/>"


def _links_to_links(size: int) -> bytes:
    links = {f"l{number}": f"l{number + 1}" for number in range(size // 512)}
    return _tar([("course.xml", b"")], links)


def _quotes(size: int) -> bytes:
    return b'id,name\n1,"' + b'""' * (size // 2) + b"\n"


def _tar(files: Iterable[tuple[str, bytes]], links: Mapping[str, str] | None = None) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return written.getvalue()


def _small_members(size: int) -> bytes:
    return _tar((f"c/html/{number}.html", b"") for number in range(size // 512))


def _bomb(size: int) -> bytes:
    """An archive of which little is left when it is packed."""
    return gzip.compress(
        _tar([("course.xml", b"<course/>"), ("html/a.html", b"\0" * (size * 1000))]), 9, mtime=0
    )


def _laughs(size: int) -> bytes:
    entities = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    text = "&a11;" * (size // 5)
    return f"<!DOCTYPE a [<!ENTITY a0 'ha'>{entities}]><a>{text}</a>".encode()


def _pointers(size: int) -> bytes:
    """Chapters that each point twice to the next: as many elements as two to the power of their number."""
    files = []
    for number in range(60):
        pointer = f'<chapter url_name="c{number + 1}"/>'
        files.append(f"== chapter/c{number}.xml\n<chapter>{pointer * 2}</chapter>\n")
    return ('== course/1T2016.xml\n<course><chapter url_name="c0"/></course>\n' + "".join(files)).encode()


def _in_course(build: Builder) -> Builder:
    """A course with this in its course element."""
    return lambda size: b"== course/1T2016.xml\n<course>" + build(size) + b"</course>\n"


def _policy(build: Builder) -> Builder:
    """A course with this policy."""
    return lambda size: b"== course/1T2016.xml\n<course/>\n== policies/1T2016.json\n" + build(size)


def _pattern(build: Builder) -> Builder:
    """A query with this regular expression."""
    end = b"') AS x FROM person"
    return lambda size: b"SELECT REGEXP_EXTRACT_ALL(username, r'" + build(size) + end


def _skipped_frames(size: int) -> bytes:
    return zstandard.ZstdCompressor().compress(b"{}\n") + b"\x50\x2a\x4d\x18\0\0\0\0" * (size // 8)


def _compressed(pack: Callable[[bytes], bytes], text: bytes) -> Builder:
    """What unpacks to `UNPACKED` times `size`."""
    return lambda size: pack(text * (size * UNPACKED // len(text)))


HURTING: Mapping[str, Mapping[str, Builder]] = {
    "log_lines": {
        "lists in lists": _member("event", _nested("[", "]")),
        "objects in objects": _member("event", _nested('{"a":', "}")),
        "text with lists in lists": _event(_nested("[", "]")),
        "lists that do not end": _event(_repeated("[")),
        "a number of many digits": _member("event", _repeated("9")),
        "a fraction of many digits": _member("event", _repeated("9", "0.")),
        "a text of many digits": _member("event", _repeated("9", '{"attempts": "', '"}')),
        "a text of many digits, and a letter": _member("event", _repeated("0", '{"grade": "', 'x"}')),
        "a time of many digits": _repeated("9", '{"event_source": "server", "time": "', '"}'),
        "many keys": _keys,
        "the same key again": _repeated('"event": 1, ', '{"event_source": "server", ', '"a": 1}'),
        "keys for one column": _repeated('"event-type": 1, "event.type": 2, ', "{", '"a": 1}'),
        "beginnings of block keys": _event(_repeated("block-v1:A+b+c+")),
        "block keys without an end": _event(_repeated("block-v1:A+b+c+type@x+")),
        "beginnings of i4x": _event(_repeated("i4x://A/b/c/")),
        "an id of dashes": _event(_repeated("-problem-", '{"id": "i4x-a', '"}')),
        "an id of block keys": _event(_repeated("block-v1:a+b+c+", '{"id": "', 'x@y"}')),
        "names of input fields": _event(_repeated("input_1_1")),
        "a page of pages": _repeated("/courses/a/b/c", '{"event_source": "browser", "page": "', '"}'),
        "a page of keys": _repeated("/courses/course-v1:a+b", '{"event_source": "browser", "page": "', '"}'),
        "a page of escapes": _repeated("%2525", '{"event_source": "browser", "page": "/courses/', '"}'),
        "escapes": _event(_repeated("\\u005c")),
        "halves of characters": _member("event", _repeated("\\ud83d", '"', '"')),
        "exponents": _member("event", _repeated("1e308,", "[", "1]")),
        "numbers beyond 64 bits": _member("event", _repeated("99999999999999999999,", "[", "1]")),
        "no UTF-8": lambda size: b"\xff" * size,
        "CR alone": lambda size: b'{"a": 1}\r' * (size // 9),
        "NUL": lambda size: b"\0" * size,
        "as many courses as lines": _courses,
    },
    "raw_log": {
        "one line": _repeated("a"),
        "empty lines": _repeated("\n"),
        "a bomb of zeros": _compressed(lambda text: gzip.compress(text, 9, mtime=0), b"\0" * 1000),
        "a bomb of lines": _compressed(lambda text: gzip.compress(text, 9, mtime=0), b"{}\n" * 1000),
        "a bomb by bzip2": _compressed(bz2.compress, b"\0" * 1000),
        "a bomb by zstd": _compressed(zstandard.ZstdCompressor().compress, b"\0" * 1000),
        "many members": lambda size: gzip.compress(b"{}\n", mtime=0) * (size // 23),
        "many frames": lambda size: zstandard.ZstdCompressor().compress(b"{}\n") * (size // 12),
        "frames to be skipped": _skipped_frames,
    },
    "dump_sql": {
        "many columns": _columns,
        "one field": _repeated("a", "id\tname\n1\t", "\n"),
        "tabs": _repeated("\t", "id\tname\n1", "\n"),
        "backslashes": _repeated("\\", "id\tname\n1\t", "\n"),
        "escaped ends of lines": _repeated("\\\n", "id\tname\n1\t", "\n"),
        "zeros, and a letter": _repeated("0", "id\tgrade\tuser_id\n1\t0\t", "x\n"),
        "digits, and a letter": _repeated("1", "id\tgrade\n1\t", "x\n"),
        "a fraction, and a letter": _repeated("1", "id\tgrade\n1\t0.", "x\n"),
        "digits": _repeated("1", "id\tgrade\n1\t", "\n"),
        "a time": _repeated("1", "id\tcreated\n1\t2014-01-01 00:00:00.", "x\n"),
        "a module": _repeated("type@", "id\tmodule_id\n1\tblock-v1:a+b+c+", "\n"),
        "different modules": _different_modules,
        "bad records": _repeated("a\tb\tc\n", "id\tname\n"),
        "the header again": _repeated("id\tname\n"),
        "no UTF-8": lambda size: b"id\tname\n" + b"1\t\xff\n" * (size // 4),
        "NUL": lambda size: b"id\tname\n1\t" + b"\0" * size,
        "CR alone": _repeated("\r", "id\tname\n1\t"),
    },
    "dump_csv": {
        "quotes": _quotes,
        "a quote without an end": _repeated("a\n", 'id,name\n1,"'),
        "many columns": lambda size: _columns(size).replace(b"\t", b","),
        "CR alone": _repeated("\r", "id,name\n1,"),
        "ends of lines in quotes": _repeated("\n", 'id,name\n1,"', '"\n'),
    },
    "forum": {
        "lists in lists": _nested("[", "]"),
        "objects in objects": _nested('{"body":', "}"),
        "a list in a list in a field": lambda size: b'{"body": ' + _nested("[", "]")(min(size, 180)) + b"}\n",
        "a number of many digits": _repeated("9", '{"author_id": ', "}"),
        "a text of zeros, and a letter": _repeated("0", '{"author_id": "', 'x"}'),
        "many keys": _keys,
        "a list of ids": _repeated('{"$oid": "52"},', '{"parent_ids": [', "1]}"),
        "halves of characters": _repeated("\\ud83d", '{"body": "', '"}'),
    },
    "dump_tables": {
        "rows of one account": _repeated("7\tanna\ta@b.example\n", "== users.sql\nid\tusername\temail\n"),
        "rows of one name": _accounts,
        "a state of digits": _repeated("1", _STATES + '{"attempts": ', "}\t1\n"),
        "a state of lists": lambda size: _STATES.encode() + _nested("[", "]")(size) + b"\t1\n",
        "a structure of lists": lambda size: b"== course_structure.json\n" + _nested("[", "]")(size),
    },
    "grading": {
        "graders": _repeated('{"type": "a"},', '{"GRADER": [', "{}]}"),
        "cut-offs": lambda size: _keys(size).join([b'{"GRADER": [{"type": "a"}], "GRADE_CUTOFFS": ', b"}"]),
        "columns": lambda size: _keys(size).join([b'{"GRADER": [', b"]}"]),
        "digits": _repeated("9", '{"GRADER": [{"weight": ', "}]}"),
        "lists in lists": _nested("[", "]"),
    },
    "problem_state": {
        "lists in lists": _nested("[", "]"),
        "lists in lists in an object": lambda size: b'{"a": ' + _nested("[", "]")(size) + b"}",
        "backslashes": _repeated("\\", '{"a": "', '"}'),
        "text in text": _repeated('\\"', '"', '"'),
        "digits, and a letter": _repeated("1", '{"attempts": "', 'x"}'),
        "digits": _repeated("1", '{"attempts": ', "}"),
        "many keys": _keys,
    },
    "markup": {
        "elements in elements": _nested("<a>", "</a>"),
        "elements without an end": _repeated("<a>"),
        "billion laughs": _laughs,
        "attributes": lambda size: b"<a " + b" ".join(b'a%d=""' % n for n in range(size // 10)) + b"/>",
        "the same attribute": _repeated(' a="b"', "<a", "/>"),
        "quotes without an end": _repeated(' a="', "<a", "/>"),
        "equal signs": _repeated("=", "<a ", ">"),
        "comments without an end": _repeated("<!--", "<a>"),
        "CDATA without an end": _repeated("<![CDATA[", "<a>"),
        "references": _repeated("&#0;", "<a>", "</a>"),
        "a reference of zeros": _repeated("0", "<a>&#", ";</a>"),
        "ampersands": _repeated("&a", "<a>", "</a>"),
        "namespaces": _namespaces,
        "text": _repeated("a", "<a>", "</a>"),
        "cues": _repeated("--> 1:1:1,1 "),
        "a cue of digits": _repeated("1", "--> ", ":00:00,000"),
        "ends of a transcript": _repeated("1,", '{"end": [', "1]}"),
    },
    "course": {
        "pointers that multiply": _pointers,
        "a deep course": _in_course(_nested("<chapter>", "</chapter>", "")),
        "a date of blanks": _in_course(_repeated(" ", "<chapter url_name='a' start='January", "x'/>")),
        "a weight of digits": _in_course(_repeated("1", "<problem url_name='a' weight='", "x'/>")),
        "a policy of commas": _policy(_repeated(", ", "{", "}")),
        "a policy of quotes": _policy(_repeated('"', "{", "}")),
        "a policy in a policy": _policy(_nested('{"a":', "}")),
        "chapters of one name": _in_course(_repeated('<chapter url_name="a"/>')),
        "verticals of one name": _in_course(_repeated("<vertical url_name='a'/>")),
    },
    "archive": {
        "small members": _small_members,
        "a bomb": _bomb,
        "links to links": _links_to_links,
        "links to folders": lambda size: _tar(
            [("course.xml", b""), *((f"a/{n}.xml", b"") for n in range(size // 1024))],
            {f"l{n}": "a" for n in range(size // 1024)},
        ),
        "deep paths": lambda size: _tar([("course.xml", b""), ("a/" * (size // 4) + "b.xml", b"")]),
    },
    "listings": {
        "many columns": _repeated("a,", "course_id,"),
        "quotes": _quotes,
        "lists in lists": _nested("[", "]"),
        "rows": _repeated("A/b/c\n", "course_id\n"),
    },
    "results": {
        "quotes": _repeated('"', "name\n"),
        "digits": _repeated("9", "number\n"),
        "a fraction": _repeated("9", "grade\n0."),
        "columns": _repeated("a,", "name,"),
        "lists in lists": lambda size: b"\n%%\n" + _nested("[", "]")(size),
    },
    "originals": {
        "one word": _repeated("a"),
        "a name again and again": _repeated("hypatia_42 "),
        "a name in a name": _repeated("hypatia_42"),
        "signs of addresses": _repeated("a%40"),
        "escaped escapes": _repeated("%25"),
        "backslashes": _repeated("\\", '{"a": "hypatia_42', '"}'),
        "user ids": _repeated('"user_id": 7000001, ', "{", '"a": 1}'),
        "keys of user ids": _repeated('"user_id": '),
        "a list of user ids": _repeated("7000001, ", '{"users": [', "1]}"),
        "lists of user ids without an end": _repeated('"users": ['),
        "signs of another script": _repeated("Zoë"),
        "escaped signs": _repeated("Zo\\u00eb"),
        "marks of another sign": _repeated("\u0308", "Zoe"),
        "dots": _repeated("a."),
        "dashes": _repeated("hypatia-"),
        "pluses": _repeated("hypatia+42"),
        "digits": _repeated("7"),
        "tabs": _repeated("\t", "id\tname\n"),
        "quotes": _repeated('"', "a,b\n"),
        "lists in lists": _nested("[", "]", '"hypatia_42"'),
    },
    "names": {
        "slashes": _repeated("/"),
        "commas": _repeated(","),
        "plus": _repeated("+", "course-v1:"),
        "escapes": _repeated("%"),
        "digits": _repeated("1"),
        "zeros, and a letter": _repeated("0", "", "x"),
        "blanks": _repeated(" ", "January 1", "x"),
        "colons": _repeated("1:"),
        "line ends": _repeated("\u2028"),
    },
    "configuration": {
        "lists in lists": _nested("[", "]"),
        "tables": lambda size: b"\n".join(b"[a%d]" % n for n in range(size // 8)),
        "digits": _repeated("9", "max_bad_fraction = "),
        "a list of courses": _repeated('"A/b/c",', "course_id_list = [", "]"),
        "words": _repeated("a,", "\n%%\ncourses="),
        "quotes": _repeated('"', "org = "),
    },
    "query": {
        "parentheses": _nested("(", ")"),
        "calls in calls": lambda size: b"SELECT " + b"DATE(" * 40 + b"day" + b")" * 40 + b" AS x FROM person",
        "calls that do not end": lambda size: b"SELECT " + b"STRUCT(" * 40,
        "operators": _repeated("1 + ", "SELECT ", "1 AS x"),
        "unions": _repeated("SELECT 1 AS x UNION ALL ", "", "SELECT 1 AS x"),
        "quotes": _repeated("'", "SELECT "),
        "comments": _repeated("/*", "SELECT 1 AS x "),
        "digits": _repeated("9", "SELECT ", " AS x"),
        "brackets of a pattern": _pattern(_repeated("[")),
        "groups of a pattern": _pattern(_repeated("(?:a*)*")),
    },
}  # fmt: skip


BOMBS = ("a bomb", "a bomb of zeros", "a bomb of lines", "a bomb by bzip2", "a bomb by zstd")
"""Inputs whose costs are told for each MB of what they unpack to."""


@dataclass(frozen=True)
class Cost:
    """What an input cost: its bytes, seconds on the processor, MiB more than before, what went wrong."""

    size: int
    seconds: float
    memory: float
    fault: str = ""


def costs(target: str, size: int, seconds: int = MOST_SECONDS, memory: int = MOST_MEMORY) -> dict[str, Cost]:
    """What the inputs of a target cost, each in a process of its own that may take so much and no more."""
    fork = multiprocessing.get_context("fork")
    found = {}
    with scratch_folder() as scratch:
        folder = scratch / "input"
        outcome(TARGETS[target], b"", folder)  # what a first call loads and keeps is no cost of an input
        for name, build in HURTING[target].items():
            data = build(size)
            here, there = fork.Pipe(duplex=False)
            child = fork.Process(target=_child, args=(there, target, data, folder, seconds, memory))
            child.start()
            there.close()
            try:
                found[name] = here.recv()
            except EOFError:
                child.join()
                fault = f"the process ended ({child.exitcode}): after {seconds} s, or at its limit of memory"
                found[name] = Cost(len(data), seconds, 0, fault)
            child.join()
    return found


def _child(answer: Connection, target: str, data: bytes, folder: Path, seconds: int, memory: int) -> None:
    room = int(_status("VmSize") * (1 << 20)) + memory
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    before = _status("VmHWM")
    begin = time.process_time()
    fault = ""
    try:
        outcome(TARGETS[target], data, folder)
    except BaseException as error:  # noqa: BLE001 -- whatever it is, it is told
        fault = "".join(traceback.format_exception(error))[-2000:]
    answer.send(Cost(len(data), time.process_time() - begin, _status("VmHWM") - before, fault))


def _status(name: str) -> float:
    """A size of this process, in MiB: `VmHWM` is the most memory that it had at once."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{name}:")[2].split()[0]) / 1024


def main() -> int:
    """Measure all inputs at a size and at twice that size, and tell those that cost most first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=1)
    parser.add_argument("--only", nargs="+", default=list(HURTING))
    options = parser.parse_args()
    size = int(options.megabytes * 1e6)
    faults = 0
    print(f"{'target':<14} {'input':<36} {'MB':>6} {'s/MB':>8} {'MiB/MB':>8} {'growth':>7}")
    for target in options.only:
        once, twice = (costs(target, many * size) for many in (1, 2))
        for name, one in once.items():
            two = twice[name]
            growth = two.seconds / max(one.seconds, 0.05)
            megabytes = max(two.size, 2 * size * UNPACKED if name in BOMBS else 1) / 1e6
            print(
                f"{target:<14} {name:<36} {megabytes:>6.2f} {two.seconds / megabytes:>8.2f} "
                f"{two.memory / megabytes:>8.1f} {growth:>7.1f}"
                + (f"  {(one.fault or two.fault).splitlines()[-1][:100]}" if one.fault or two.fault else ""),
                flush=True,
            )
            faults += bool(one.fault or two.fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
