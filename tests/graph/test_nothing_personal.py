"""What a run tells, and what it keeps besides the data, names nobody: it is looked through for all people of
the simulated campus, after a run that went well and one that failed."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable

import pytest
from project import Project

DATA = ("*.parquet", "*.csv", "*.csv.gz", "*.mongo.gz", "*.xml.tar.gz", "tracklog-*.json.gz")
"""Files that hold rows of the data: personal they are by nature. So are the folders PARTS and REJECTS."""


def people(project: Project) -> set[str]:
    """User names, addresses and names of all people of the package, and the network addresses of the logs."""
    found: set[str] = set()
    columns = {"username", "email", "name", "mailing_address"}
    for path in (project.folder).glob("*-????-??-??/*-auth_user*-prod-analytics.sql"):
        with path.open(newline="") as file:
            for record in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                found |= {value for key, value in record.items() if key in columns and value}
    for path in sorted((project.folder / "DAILY").glob("*.gz")):
        text = gzip.decompress(path.read_bytes())
        found |= {one.decode() for one in re.findall(rb'"ip": ?"([^"]+)"', text)}
    found -= {"NULL", "127.0.0.1"}
    found -= {"other", "none", "p_se", "p_oth"}  # codes of education, in records whose tabs are too many
    assert len(found) > 50
    return {one for one in found if len(one) > 3}


def kept_besides_data(project: Project) -> dict[str, bytes]:
    """The content of every file that a run made and that is no data: notes, lists, caches, pages of runs."""
    found = {}
    for place in ("warehouse", "state", "TRACKING_LOGS", "SQL/META", "config"):
        for path in sorted(p for p in (project.folder / place).rglob("*") if p.is_file()):
            inside = path.relative_to(project.folder)
            if {"PARTS", "REJECTS"} & set(inside.parts) or any(map(inside.match, DATA)):
                continue
            text = path.read_bytes()
            found[str(path)] = gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text
    return found


def leaks(texts: Iterable[bytes], persons: set[str]) -> set[str]:
    """The people who stand in the texts, as whole words."""
    words = sorted(map(re.escape, persons), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w.@-])(?:{'|'.join(words)})(?![\w@-])".encode())
    return {match.decode() for text in texts for match in pattern.findall(text)}


@pytest.fixture
def persons(built: Project) -> set[str]:
    """The people of the package as it was delivered: in broken records codes stand where names are."""
    return people(built)


@pytest.fixture
def told(built: Project, persons: set[str]) -> list[bytes]:
    """The outputs of commands and of a run in which a raw log, a dump and a table fail."""
    folder = built.folder
    log = sorted((folder / "DAILY").glob("*.gz"))[0]
    (folder / "DAILY" / "torn.log.gz").write_bytes(log.read_bytes()[:-2000])
    lines = gzip.decompress(log.read_bytes()).splitlines()
    (folder / "DAILY" / "cut.log.gz").write_bytes(gzip.compress(b"\n".join(line[:-9] for line in lines)))
    for table in ("auth_user", "auth_userprofile", "courseware_studentmodule"):
        dump = next(folder.glob(f"*-????-??-??/*-{table}-prod-analytics.sql"))
        header, *records = dump.read_bytes().splitlines(keepends=True)
        broken = [record.replace(b"\t", b" ", 2) for record in records[: len(records) // 2]]
        dump.write_bytes(header + b"".join([*broken, *records[len(records) // 2 :]]))
    log = folder / "run.jsonl"
    outcomes = [built.doit("weekly", f"log_json={log}", status=None)]
    assert outcomes[0].failed
    outcomes += [
        built.doit(*words, status=None) for words in (["plan"], ["why", "person_course"], ["health"])
    ]
    return [log.read_bytes(), *(text.encode() for one in outcomes for text in (one.out, one.err))]


def test_nothing_personal_is_told_or_kept_besides_the_data(
    built: Project, persons: set[str], told: list[bytes]
) -> None:
    kept = kept_besides_data(built)
    assert any("/runs/" in path for path in kept) and any("/META/" in path for path in kept)
    found = {path: leaks([text], persons) for path, text in kept.items()}
    found |= {f"output {number}": leaks([text], persons) for number, text in enumerate(told)}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_planted_leak_is_found() -> None:
    persons = {"ann_b", "ann@x.org", "Ann B. Cee", "10.0.0.7"}
    texts = [b"user ann_b: bad", b'{"who": "ann@x.org"}', b"<td>Ann B. Cee</td>", b"from 10.0.0.7, 10.0.0.77"]
    assert [leaks([text], persons) for text in texts] == [
        {"ann_b"},
        {"ann@x.org"},
        {"Ann B. Cee"},
        {"10.0.0.7"},
    ]
    assert leaks([b"joann_b, xann@x.org, 10.0.0.77"], persons) == set()
