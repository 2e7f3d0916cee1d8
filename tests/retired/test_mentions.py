"""What of a text is about a retired learner, however it is escaped, and what is of somebody else."""

# ruff: noqa: RUF001 -- letters of other scripts are what is tested

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

import pytest

from edxtasks.build.registry import read_registry
from edxtasks.retired import Learner, Retired, is_about, of_row, record_cleaner
from edxtasks.warehouse.schema import Column

KEY = b"fedcba9876543210fedcba9876543210"
HASH = "0cc175b9c0f1b6a831c399e269772661"


def retired(name: str, *addresses: str, number: int | None = 12) -> Retired:
    return Retired(KEY).with_learners([Learner(name, number, addresses, anonymous_ids=(HASH,))])


ANN = retired("ann", "ann.lee@x.org")


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        # Escaped in an address of a page, in JSON, twice, and both.
        ("/u/ann?next=%2Fu%2Fann&q=%2522ann%2522", "/u/***?next=%2Fu%2F***&q=%2522***%2522"),
        ("ann.lee%40x.org ann.lee%2540x.org", "*** ***"),
        (r'"{\"to\": \"ann\\nann\", \"m\": \"\\u003cann\\u003e\"}"', None),
        (r"ann.lee\u0040x.org", "***"),
        (r"to\\\"ann\\\"", r"to\\\"***\\\""),
        # In a post of somebody else, in scripts without spaces, between other quotes.
        ("write to ANN.Lee@X.org, or <ann.lee@x.org>!", "write to ***, or <***>!"),
        ("谢谢ann的回答，«ann» “ann” ann’s", "谢谢***的回答，«***» “***” ***’s"),
        ("Thanks ann.I see; ann.jpg; +ann+", "Thanks ***.I see; ***.jpg; +***+"),
        (f"anonymous/{HASH}/x", "anonymous/***/x"),
        # Names of others that begin, end or hold it; their addresses.
        ("annabel joann ann-x ann_ Ann ANN ann1", None),
        ('{"username": "ann.smith", "l": ["j.ann", "ann+b"]}', None),
        ("ann@mit.edu, x.ann@mit.edu, ann+x@mit.edu", None),
        (r"annébert jos\u00e9ann ann\u00e9 ann%C3%A9 %C3%A9ann", None),
        ("%61nn", None),
    ],
)
def test_a_plain_name(text: str, blanked: str | None) -> None:
    if blanked is None:
        blanked = text.replace(r"\"ann\\nann\"", r"\"***\\n***\"").replace("003cann", "003c***")
    found, count = ANN.blanked(text.encode())
    assert found.decode() == blanked
    assert ANN.hits(text.encode()) == bool(count) == (text != blanked)


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        ('{"user_id": 12, "n": 12, "id": 12}', '{"user_id": null, "n": 12, "id": 12}'),
        (r"{\"userId\":\"12\",\"score\":12}", r"{\"userId\":\"\",\"score\":12}"),
        ('{"user": {"id": 12}, "num_users": 12}', '{"user": {"id": null}, "num_users": 12}'),
        ('{"user_ids": [1, 12, 112]}', '{"user_ids": [1, 112]}'),
        ("/forum/users/12/followed /users/120", "/forum/users/***/followed /users/120"),
        ("%2Fusers%2F12%2F user_id%3D12 user_id%253D12", "%2Fusers%2F***%2F user_id%3D user_id%253D"),
        ('{"user_id": 120, "user_id": 12.5, "superuser": 12}', None),
        ("page 12 of 12, problem_12, 12/12/2012 12:12:12", None),
    ],
)
def test_a_number_is_one_only_where_user_ids_stand(text: str, blanked: str | None) -> None:
    found, count = ANN.blanked(text.encode())
    assert found.decode() == (blanked or text)
    assert ANN.hits(text.encode()) == bool(count) == (blanked is not None)
    assert ANN.of_site(True).blanked(text.encode()) == (text.encode(), 0)


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ('o"neil', ["o", "neil", 'o"neill', "x o neil"]),
        ("d'arc", ["d", "arc", "d'arco", "jeanne-d'arc"]),
        ("josé_ß", ["jos", "josé", "josé_ßx", "JOSÉ_ß"]),
        ("мария", ["мария2", "мари", "Мария"]),
        ("ann lee", ["ann", "lee", "ann leex", "annlee"]),
        ("🙂bob", ["bob", "🙂bobby"]),
        ("王.芳", ["王", "芳", "王.芳芳"]),
    ],
)
def test_a_name_of_other_signs(name: str, others: list[str]) -> None:
    who = retired(name)
    once = json.dumps({"a": name, "b": f"see {name}, thanks"})
    for text in (
        f"see {name}, thanks",
        once,
        json.dumps({"event": once}),
        json.dumps({"event": json.dumps({"post": once})}),
        json.dumps({"event": once}, ensure_ascii=False),
        "/u/" + "".join(f"%{byte:02X}" for byte in name.encode()) + "/x",
        "/u/" + "".join(f"%25{byte:02x}" for byte in name.encode()) + "/x",
    ):
        found, count = who.blanked(text.encode())
        assert count and "***" in found.decode()
        if text.startswith("{"):
            json.loads(found)  # it is what it was but for the name
        assert who.blanked(found) == (found, 0)
        assert who.hits(text.encode()) and not who.hits(found)
    for other in others:
        assert who.blanked(json.dumps({"username": other, "t": f"x {other} y"}).encode())[1] == 0


def test_letters_that_are_composed_in_another_way_are_the_same() -> None:
    assert retired("josé").blanked("ask jose\u0301!".encode()) == (b"ask ***!", 1)


def test_the_list_knows_no_name_and_other_lists_have_another_check_value() -> None:
    first, second = retired("josé"), retired("josè")
    assert first.shapes == {(0, 0)} and first.check_value() != second.check_value()
    assert "jos" not in repr(first) and "jos" not in "".join(first.digests)


def row(**more: object) -> bytes:
    return json.dumps({"username": "bea", "event_type": "x", "context": {"user_id": 9}} | more).encode()


def test_rows_of_others_with_names_that_begin_alike_stay_as_they_are() -> None:
    for name in ("ann.smith", "ann@mit.edu", "annabel", "ANN", "ann'x"):
        text = row(username=name, event={"username": name, "name": "x"})
        assert of_row(text, ANN)[0] is text
        assert not is_about(json.loads(text), ANN)


def test_members_of_a_row() -> None:
    text = row(event={"name": "ann", "user": {"id": 12, "username": "ann"}, "user_ids": [12, 3], "id": 12})
    kept, mentions = of_row(text, ANN)
    assert kept is not None and mentions == 4
    assert json.loads(kept)["event"] == {
        "name": "***", "user": {"id": None, "username": "***"}, "user_ids": [3], "id": 12
    }  # fmt: skip
    assert is_about(json.loads(text), ANN) and not is_about(json.loads(kept), ANN)
    assert of_row(row(username="ann"), ANN) == (None, 0)


def test_records_by_an_anonymous_id_go() -> None:
    clean = record_cleaner("user_id_map", ["hash_id", "id", "username"], ANN)
    assert clean([HASH, "", ""]) == (None, 0)
    assert clean(["0" * 32, "13", "ann.smith"]) == (["0" * 32, "13", "ann.smith"], 0)
    responses = record_cleaner("ora", ["student_id", "text"], ANN)
    assert responses([HASH, "x"]) == (None, 0)
    assert responses(["0" * 32, f"like {HASH}"]) == (["0" * 32, "like ***"], 1)


def test_lists_of_voters_are_lists_of_user_ids() -> None:
    table = {"votes": {"up": '["9", "12"]', "count": 12}, "abuse_flaggers": "[]", "n": "[12]"}
    assert is_about(table, ANN) and not is_about(table, retired("ann", number=1))
    assert ANN.hits(json.dumps(table).encode())
    clean = record_cleaner("forum", ["votes.up", "votes.count", "body"], ANN)
    assert clean(['["12", "9"]', "12", '["12"]']) == (['["9"]', "12", '["12"]'], 1)
    text = json.dumps({"event": json.dumps({"up": ["12", "112"], "n": [12]})})
    assert json.loads(json.loads(ANN.blanked(text.encode())[0])["event"]) == {"up": ["112"], "n": [12]}


def test_every_column_of_account_ids_is_known() -> None:
    """What the descriptions of our tables call account ids is looked at as such."""
    for name, table in read_registry(None).items():
        for column in _columns(table.schema):
            described = (column.description or "").lower()
            if re.match(r"(json list of )?account ids? ", f"{described} "):
                value: object = "[12]" if "json list" in described else 12
                value = str(value) if column.type == "STRING" else value
                assert is_about({column.name: value}, ANN, name), f"{name}.{column.name}"
                other: object = "[120]" if "json list" in described else 120
                other = str(other) if column.type == "STRING" else other
                assert not is_about({column.name: other}, ANN, name)


def _columns(schema: Iterable[Column]) -> Iterator[Column]:
    for column in schema:
        yield column
        yield from _columns(column.fields)


def test_a_number_behind_its_key_goes_whatever_other_numbers_the_text_has() -> None:
    asked = retired("ann", number=7000001)
    for others in ("", " 5", " 7000001"):
        text = f"https://a.example/?user_id=7000001Zo&z{others}".encode()
        assert asked.hits(text)
        assert asked.blanked(text)[0] == f"https://a.example/?user_id=Zo&z{others}".encode()
