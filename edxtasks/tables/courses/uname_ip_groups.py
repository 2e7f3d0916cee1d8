"""The table `courses.uname_ip_groups`: groups of accounts that hang together by addresses, over all courses.

Two accounts are in one group when they have an address in common, or through other accounts and addresses.
The addresses are those of `person_course`, of each course the one from which most events of the learner came.
"""

from __future__ import annotations

from collections.abc import Iterator

from edxtasks.problems.address_groups import grouped
from edxtasks.table import BuildInputs, Need, PythonModel, Scope, Table
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import schema


def build(inputs: BuildInputs) -> Iterator[Row]:
    """A row for each username and address of the chosen courses, sorted."""
    for username, address, group in grouped(_pairs(inputs)):
        yield {"username": username, "ip": address, "grp": group}


def _pairs(inputs: BuildInputs) -> Iterator[tuple[str | None, str | None]]:
    for batch in inputs.batches("person_course", ("username", "ip")) or ():
        for username, address in batch:
            yield _text(username), _text(address)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


TABLE = Table(
    command="ip_sybils unless table",
    may_be_empty=True,
    steps=("2", "3", "5"),
    on_request=True,
    scope=Scope.GROUP,
    grain="username, ip",
    schema=schema("""
        username STRING -- learner; usernames of all courses are one name space
        ip STRING -- address of most events of the learner in a course
        grp INTEGER -- number of the group, from 1 in the order of usernames and addresses
    """),
    inputs={"person_course": Need.REQUIRED},
    builder=PythonModel(version=1, build=build),
)
