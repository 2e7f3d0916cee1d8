"""The one reader of delivered tables: splitting, repairs, values, columns, accounting."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.course import CourseKey
from edxtasks.dumps import text_records, values
from edxtasks.dumps.reader import (
    COURSE_ID,
    FLOAT,
    INTEGER,
    MODULE_ID,
    STRING,
    TIMESTAMP,
    DeliveredTable,
    Field,
)
from edxtasks.dumps.sources import logical_file, required_file
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages

COURSE = CourseKey("MITx", "6.00x", "1T2014")


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    return path


def read(path: Path, *columns: str, **options: object) -> list[list[object]]:
    table = DeliveredTable(path, Messages(), **options)  # type: ignore[arg-type]
    return [list(row) for row in table.rows([Field(column) for column in columns])]


# Choice of the file


def test_order_of_the_spellings(tmp_path: Path) -> None:
    names = ["users.csv.gz", "users.csv", "users.sql.gz", "users.sql"]
    for name in reversed(names):
        write(tmp_path, name, b"id\n1\n")
        assert logical_file(tmp_path, "users") == tmp_path / name
    assert logical_file(tmp_path, "profiles") is None


def test_an_empty_file_counts_as_absent(tmp_path: Path) -> None:
    write(tmp_path, "users.csv.gz", b"")
    with pytest.raises(SourceAbsentError, match="users was delivered empty"):
        required_file(tmp_path, "users")
    write(tmp_path, "users.csv", b"")
    full = write(tmp_path, "users.sql", b"id\n1\n")
    assert required_file(tmp_path, "users") == full
    with pytest.raises(SourceAbsentError, match="profiles was not delivered"):
        required_file(tmp_path, "profiles")


def test_several_spellings_are_told(tmp_path: Path) -> None:
    write(tmp_path, "users.sql", b"id\n2\n")
    messages = Messages()
    table = DeliveredTable(write(tmp_path, "users.csv", b"id\n1\n"), messages)
    assert [row[0] for row in table.rows([Field("id")])] == ["1"]
    assert messages.lines[0] == "users.csv was read, and not what lies beside it: users.sql"


# Splitting of the export's form


def test_records_end_at_lf_alone(tmp_path: Path) -> None:
    # CR, U+0085, U+2028, VT and FF are data; the last record needs no LF.
    odd = "a\rb\u0085c\u2028d\x0be\x0cf"
    path = write(tmp_path, "profiles.sql", f"id\tname\n1\t{odd}\n2\tlast".encode())
    assert read(path, "id", "name") == [["1", odd], ["2", "last"]]


def test_quotes_are_ordinary_characters(tmp_path: Path) -> None:
    path = write(tmp_path, "profiles.sql", b'id\tname\n1\t"unbalanced\n2\t""x","\n')
    assert read(path, "id", "name") == [["1", '"unbalanced'], ["2", '""x","']]


def test_crlf_file_loses_one_cr_a_record(tmp_path: Path) -> None:
    path = write(tmp_path, "profiles.sql", b"id\tname\r\n1\tx\r\n2\ty\r\r\n3\tz")
    assert read(path, "id", "name") == [["1", "x"], ["2", "y\r"], ["3", "z"]]


def test_empty_lines_and_repeated_headers_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, "users.sql", b"\n\nid\tname\n1\tx\n\nid\tname\n2\ty\n")
    table = DeliveredTable(path, Messages())
    assert len(list(table.rows([Field("id")]))) == 2
    assert (table.account.records, table.account.rows, table.account.skipped) == (2, 2, 4)


def test_a_record_of_another_width_is_bad(tmp_path: Path) -> None:
    path = write(tmp_path, "users.sql", b"id\tname\n1\tx\n2\n3\tz\textra\n4\tw\n")
    messages = Messages()
    table = DeliveredTable(path, messages)
    assert [list(row) for row in table.rows([Field("id")])] == [["1"], ["4"]]
    assert messages.lines == [
        "users.sql: 4 records, 2 rows, 2 bad (record 2: 1 field where the header has 2; "
        "record 3: 3 fields where the header has 2)"
    ]
    assert messages.counts == {"files": 1, "records": 4, "rejects": 2}


def test_escaped_breaks_belong_to_the_value(tmp_path: Path) -> None:
    content = b"id\tstate\tgrade\n1\ta\\\nb\t1\n2\tc\\\td\t2\n3\te\\\\\t3\n"
    path = write(tmp_path, "studentmodule.sql", content)
    assert read(path, "id", "state", "grade", escaped_breaks=True) == [
        ["1", "a\nb", "1"],
        ["2", "c\td", "2"],
        ["3", "e\\", "3"],  # an even number of backslashes: the TAB ends the field
    ]
    # Any other table: the LF ends the record, which is bad then.
    assert read(path, "id", "state") == [["3", "e\\"]]


def test_escaped_breaks_in_the_converted_file(tmp_path: Path) -> None:
    path = write(tmp_path, "studentmodule.csv", b'id,state\n1,"a\\\nb"\n2,c\\\td\n')
    assert read(path, "id", "state", escaped_breaks=True) == [["1", "a\nb"], ["2", "c\td"]]


def test_escaped_break_at_the_end_of_the_file() -> None:
    blocks = ["id\tstate\n1\tx\\\n"]
    assert list(text_records.tsv_records(blocks, escaped_breaks=True)) == [["id", "state"], ["1", "x\\\n"]]


def test_escaped_breaks_in_a_crlf_file() -> None:
    blocks = ["id\tstate\r\n1\ta\\\r\nb\r\n"]
    assert list(text_records.tsv_records(blocks, escaped_breaks=True)) == [["id", "state"], ["1", "a\\\nb"]]


# Splitting of CSV


def test_csv_quoting(tmp_path: Path) -> None:
    content = b'id,name\r\n1,"a ""b"", c"\r\n2,"two\nlines"\r\n3,un"quoted\r\n4,\r\n'
    path = write(tmp_path, "profiles.csv", content)
    assert read(path, "id", "name") == [
        ["1", 'a "b", c'],
        ["2", "two\nlines"],
        ["3", 'un"quoted'],
        ["4", ""],
    ]


def test_csv_lone_cr_is_data(tmp_path: Path) -> None:
    path = write(tmp_path, "profiles.csv", b'id,name\n1,a\rb\n2,"c\rd"\n3,"e\r\nf"\n')
    assert read(path, "id", "name") == [["1", "a\rb"], ["2", "c\rd"], ["3", "e\r\nf"]]


def test_csv_fields_may_be_large(tmp_path: Path) -> None:
    state = "x" * 3_000_000
    path = write(tmp_path, "studentmodule.csv.gz", f'id,state\n1,"{state}"\n'.encode())
    assert read(path, "state") == [[state]]


def test_csv_quote_that_never_ends(tmp_path: Path) -> None:
    path = write(tmp_path, "profiles.csv", b'id,name\n1,x\n2,"never\n3,y\n')
    with pytest.raises(InputError, match=r"profiles.csv: a quoted value that begins in record 3"):
        read(path, "id")


# Bytes


def test_byte_order_mark_nul_and_invalid_utf8(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfid\tname\n1\tJ\xf6rg\n2\ta\0b\n3\t\xef\xbf\xbd\n4\t\xe2\x82\n"
    messages = Messages()
    table = DeliveredTable(write(tmp_path, "users.sql", content), messages)
    # Each invalid sequence becomes one U+FFFD; record 3 holds a genuine U+FFFD and is not counted.
    assert [row[1] for row in table.rows([Field("id"), Field("name")])] == [
        "J\ufffdrg",
        "ab",
        "\ufffd",
        "\ufffd",
    ]
    assert "2 with bytes that are no UTF-8" in messages.lines[0]
    assert "1 NUL characters dropped" in messages.lines[0]


def test_invalid_utf8_in_csv_counts_records_not_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "users.csv", b'id,name\n1,"\xff\n\xff"\n2,ok\n')
    table = DeliveredTable(path, Messages())
    assert [row[0] for row in table.rows([Field("name")])] == ["\ufffd\n\ufffd", "ok"]
    assert table.repairs.undecodable_records == 1


@pytest.mark.parametrize("cut", [1, 9, 20, -9, -1])
def test_a_truncated_gzip_always_fails(tmp_path: Path, cut: int) -> None:
    whole = gzip.compress(b"id\tname\n" + b"1\tx\n" * 1000)
    path = tmp_path / "users.sql.gz"
    path.write_bytes(whole[:cut])
    with pytest.raises(InputError, match=r"users\.sql\.gz"):
        read(path, "id")


def test_a_corrupt_gzip_fails(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(bytes(range(256)) * 40))
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / "users.csv.gz"
    path.write_bytes(bytes(whole))
    with pytest.raises(InputError, match=r"users\.csv\.gz"):
        read(path, "id")


# Values and columns


def test_missing_is_told_from_empty(tmp_path: Path) -> None:
    content = b"id\ta\tb\n1\tNULL\t\n2\t\\N\tx\\\\N\n3\tNULLS\t\\0NULL\n"
    path = write(tmp_path, "t.sql", content)
    # The word NULL made by decoding is text, not a missing value.
    assert read(path, "a", "b") == [[None, ""], [None, "x\\N"], ["NULLS", "NULL"]]


def test_typed_values_and_their_count(tmp_path: Path) -> None:
    content = (
        b"id\tn\tf\tt\n"
        b"1\t 5\t0.5\t2014-01-01 00:00:00\n"
        b"2\tNULL\tNULL\tNULL\n"
        b"3\tx\tx\tx\n"
        b"4\t\t\t\n"
        b"5\t\\t6\\n\t1e3\t0000-00-00 00:00:00\n"
    )
    table = DeliveredTable(write(tmp_path, "t.sql", content), Messages())
    rows = table.rows([Field("n", INTEGER), Field("f", FLOAT), Field("t", TIMESTAMP)])
    assert [list(row) for row in rows] == [
        [5, 0.5, "2014-01-01T00:00:00Z"],
        [None, None, None],
        [None, None, None],
        [None, None, None],
        [6, 1000.0, None],
    ]
    # Unreadable: x in each column, the empty INTEGER, the zero date; not NULL, nor empty FLOAT or TIMESTAMP.
    assert table.account.nulled == {"INTEGER": 2, "FLOAT": 1, "TIMESTAMP": 2}


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    old = write(tmp_path, "old.sql", b"id\tuser_id\tkey\n7\t1\tk\n")
    new = write(tmp_path, "new.sql", b"key\tid\textra\tuser_id\nk\t7\tz\t1\n")
    assert read(old, "user_id", "key", "gone") == read(new, "user_id", "key", "gone") == [["1", "k", None]]


def test_a_missing_key_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "profiles.sql", b"id\tuserid\n1\t2\n")
    with pytest.raises(InputError) as caught:
        list(DeliveredTable(path, Messages()).rows([Field("id"), Field("name")], key="user_id"))
    # Of what was found only names that are looked for are shown: it need not be a header.
    assert str(caught.value) == (
        f"{path}: the column user_id is missing. Expected a first record with the names of the columns; of "
        "its 2 fields these are names that are read: id. Fetch the file again, or put its header back."
    )


def test_missing_columns_are_named(tmp_path: Path) -> None:
    messages = Messages()
    table = DeliveredTable(
        write(tmp_path, "enrollment.sql", b"user_id\tcreated\n7\tNULL\n"), messages, course=COURSE
    )
    asked = [
        Field("mode"),
        Field("created", TIMESTAMP),
        Field("is_active", INTEGER),
        Field("course_id", COURSE_ID),
    ]
    assert list(table.rows(asked, key="user_id")) == [(None, None, None, None)]
    assert messages.lines == [
        "enrollment.sql: no column course_id: all is taken for this course's",
        "enrollment.sql: 1 record, 1 row",
        "enrollment.sql: no column mode, is_active, which are NULL",
    ]


def test_a_record_without_integer_key_is_bad(tmp_path: Path) -> None:
    content = b"user_id\tname\n1\ta\nNULL\tb\nsomebody@example.org\tc\n4\td\n"
    messages = Messages()
    table = DeliveredTable(write(tmp_path, "profiles.sql", content), messages)
    assert [row[0] for row in table.rows([Field("name")], key="user_id")] == ["a", "d"]
    assert table.account.bad == 2
    assert "record 2: no integer in user_id" in messages.lines[0]
    assert "somebody" not in messages.lines[0]


def test_rows_of_other_courses_are_left_out(tmp_path: Path) -> None:
    content = (
        b"user_id\tcourse_id\n1\tcourse-v1:MITx+6.00x+1T2014\n2\tMITx/6.00x/1T2014\n"
        b"3\tMITx/6.00x/2T2014\n4\tNULL\nx\tccx-v1:MITx+6.00x+1T2014+ccx@7\n"
    )
    table = DeliveredTable(write(tmp_path, "enrollment.sql", content), Messages(), course=COURSE)
    others: list[int] = []
    rows = table.rows([Field("user_id", INTEGER)], "user_id", others.append)
    assert [row[0] for row in rows] == [1, 2]
    assert (table.account.other_course, table.account.bad) == (3, 0)
    assert others == [3, 4]


# The limits


def bad_file(folder: Path, good: int, bad: int) -> Path:
    return write(folder, "users.sql", b"id\tname\n" + b"1\tx\n" * good + b"1\n" * bad)


def test_too_many_bad_records_fail(tmp_path: Path) -> None:
    # 5 of 100 are 5 %: allowed; 6 of 101 are more.
    assert len(read(bad_file(tmp_path, 95, 5), "id")) == 95
    with pytest.raises(InputError, match=r"6 of 101 records are bad, more than max_bad_fraction = 0\.05"):
        read(bad_file(tmp_path, 95, 6), "id")
    assert len(read(bad_file(tmp_path, 95, 6), "id", max_bad_fraction=0.1)) == 95


def test_a_small_file_may_be_bad_but_not_wholly(tmp_path: Path) -> None:
    assert len(read(bad_file(tmp_path, 1, 19), "id")) == 1
    with pytest.raises(InputError, match="20 of 21"):
        read(bad_file(tmp_path, 1, 20), "id")
    with pytest.raises(InputError, match="not one of its 2 records can be used"):
        read(bad_file(tmp_path, 0, 2), "id")
    assert read(bad_file(tmp_path, 0, 0), "id") == []


# Any bytes


def reference(data: bytes, escaped_breaks: bool) -> list[list[str]]:
    """The splitting rule of the export's form, byte by byte."""
    data = data.replace(b"\0", b"")
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    text = data.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    first = next((line for line in lines if line), "")
    ends = "\r\n" if first.endswith("\r") else "\n"
    if ends == "\r\n":
        lines = [line[:-1] if line.endswith("\r") else line for line in lines]
    text = "\n".join(lines) + "\n" if lines else ""
    out: list[list[str]] = [[""]]
    backslashes = 0
    for character in text:
        odd = escaped_breaks and backslashes % 2 == 1
        backslashes = backslashes + 1 if character == "\\" else 0
        if character == "\n" and not odd:
            out.append([""])
        elif character == "\t" and not odd:
            out[-1].append("")
        else:
            out[-1][-1] += character
    if out[-1] == [""]:
        out.pop()
    return out


file_bytes = st.lists(
    st.sampled_from(
        [
            b"\t",
            b"\n",
            b"\n",
            b"\r",
            b"\r\n",
            b"\\",
            b"a",
            b"id",
            b"NULL",
            b'"',
            b",",
            b"\0",
            b"\xff",
            b"\xc3\xa9",
        ]
    ),
    max_size=40,
).map(b"".join)


@given(file_bytes, st.integers(1, 9), st.booleans())
@settings(max_examples=400, deadline=None)
def test_splitting_equals_the_rule_read_byte_by_byte(data: bytes, size: int, escaped: bool) -> None:
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    blocks = text_records.text_blocks(pieces, text_records.Repairs())
    assert list(text_records.tsv_records(blocks, escaped_breaks=escaped)) == reference(data, escaped)


@given(
    st.binary(max_size=200) | file_bytes,
    st.sampled_from(["t.sql", "t.csv", "t.sql.gz", "t.csv.gz"]),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str, escaped: bool
) -> None:
    path = write(tmp_path_factory.mktemp("bytes"), name, data)
    table = None
    try:
        table = DeliveredTable(path, Messages(), course=COURSE, escaped_breaks=escaped)
        fields = [Field("id", INTEGER), Field("id", TIMESTAMP), Field("a", STRING)]
        number = len(list(table.rows(fields, "id" if "id" in table.header else None)))
    except InputError:
        if table is not None:
            account = table.account
            assert account.records >= account.rows + account.bad + account.other_course
        return
    account = table.account
    assert number == account.rows
    assert account.records == account.rows + account.bad + account.other_course


def value_of(cell: str, kind: str) -> object:
    """The value of a delivered field by the rules, one field at a time."""
    if cell in ("NULL", "\\N"):
        return None
    text = re.sub(r"\\([\\tnr0\n\t])", lambda found: ESCAPES[found[1]], cell)
    if kind == INTEGER:
        whole = re.fullmatch(r"[ \t\r\n\f\v]*([+-]?[0-9]+)[ \t\r\n\f\v]*", text)
        number = int(whole[1]) if whole else None
        return number if number is not None and -(2**63) <= number < 2**63 else None
    if kind == FLOAT:
        return values.decimal(text)
    if kind == TIMESTAMP:
        moment = values.moment_of(text)
        return None if moment is None else datetime.fromisoformat(values.timestamp_text(moment))
    return values.module_id(text) if kind == MODULE_ID else text


ESCAPES = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r", "0": "", "\n": "\n", "\t": "\t"}
KINDS = (INTEGER, FLOAT, TIMESTAMP, STRING, MODULE_ID)
usual = st.sampled_from(
    [
        *("NULL", "", "1", "42", "0.5", "x", "2014-01-01 17:28:27", "2014-01-01 17:28:27.120", "{}"),
        "block-v1:MITx+6.00x+1T2014+type@problem+block@p",
    ]
)
odd = st.sampled_from(
    [
        *("\\N", " 7 ", "-3", "+0012", "9" * 19, "9" * 30, "\\t5\\n", "1e3", "1e999", "nan", "٣"),
        *("\\\\", "a\\\\nb", "\\0NULL", "2014-02-30 00:00:00", "0000-00-00 00:00:00", "1388597307", "NULLx"),
        *("2014-01-01T17:28:27+02:00", "2014-01-01 17:28:27.", "block-v1:x", "caf\u00e9 \\\\"),
    ]
)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_columns_equal_the_rules_read_value_by_value(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    # Batches of mostly usual values, so that the quick ways are taken, and of odd ones among them.
    rows = data.draw(st.lists(st.tuples(*[usual | odd] * 5), min_size=1, max_size=20))
    rows *= data.draw(st.sampled_from([1, 1, 20]))
    content = "\n".join(["a\tb\tc\td\te", *("\t".join(row) for row in rows)])
    path = write(tmp_path_factory.mktemp("rows"), "studentmodule.sql", content.encode())
    table = DeliveredTable(path, Messages(), escaped_breaks=True)
    fields = [Field(name, kind) for name, kind in zip("abcde", KINDS, strict=True)]
    read = [
        [
            datetime.fromisoformat(value) if kind == TIMESTAMP and value else value
            for value, kind in zip(row, KINDS, strict=True)
        ]
        for row in table.rows(fields)
    ]
    assert read == [[value_of(cell, kind) for cell, kind in zip(row, KINDS, strict=True)] for row in rows]


cells = st.text(alphabet='ab",\n\t\r\\é\u2028', max_size=6)


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1)
    )
)
@settings(max_examples=150, deadline=None)
def test_csv_round_trip(rows: list[list[str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)
    data = written.getvalue().encode()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), 7):
            yield data[start : start + 7]

    blocks = text_records.text_blocks(pieces(), text_records.Repairs())
    assert list(text_records.csv_records(blocks, "t.csv")) == rows
