"""Facts in the header of a model: what is said of the table after a build, with numbers of one query.

-- facts: SELECT COUNT(*) AS people, -- rows
--     COUNTIF(ip IS NULL) AS without_ip -- rows without address
--     FROM person_course
-- fact: {people} learners
-- fact when without_ip: {without_ip} of {people} rows have no ip
-- warning when without_ip: …

The query reads tables of the course as they stand after the build, the table itself among them, and gives one
row of INTEGERs. A line with `when NAME` is left out where that number is 0 or NULL; any other NULL is "not
known". A warning is also told to the person who runs the build.
"""

from __future__ import annotations

import re
from functools import cache
from string import Formatter

from edxtasks.build.model_errors import GOES_ON, HeaderLineError
from edxtasks.errors import UserError, nearest
from edxtasks.table import FactLine, Facts

_QUERY = re.compile(r"--\s*facts\s*:(.*)", re.IGNORECASE)
_LINE = re.compile(r"--\s*(fact|warning)(?: when ([A-Za-z]\w*))?\s*:\s*(\S.*)", re.ASCII)
_BEGINS = re.compile(r"--\s*(?:facts?|warning)\b[^:]*:", re.IGNORECASE)
_FORM = "-- facts: QUERY, -- fact: TEXT, -- fact when NAME: TEXT, or -- warning when NAME: TEXT"


def take_facts(text: str) -> tuple[Facts | None, str]:
    """The facts of a header, and the header's lines without them (as many lines, empty comments instead).

    Raises `HeaderLineError`.
    """
    query: list[str] = []
    lines: list[tuple[int, FactLine]] = []
    rest: list[str] = []
    goes_on = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("--"):
            break
        more = GOES_ON.fullmatch(line.rstrip()) if goes_on else None
        begins = _BEGINS.match(line) is not None
        if more:
            query.append(more[1])
        elif match := _QUERY.fullmatch(line.rstrip()):
            if query:
                raise HeaderLineError("expected one query of facts, found a second one", number)
            query = [match[1]]
        elif match := _LINE.fullmatch(line.rstrip()):
            lines.append((number, FactLine(match[3], match[2] or "", match[1] == "warning")))
        elif begins:
            raise HeaderLineError(f"expected {_FORM}", number)
        goes_on = more is not None or _QUERY.match(line) is not None
        rest.append("--" if begins or more else line)
    if not query:
        if lines:
            raise HeaderLineError("expected a query with its numbers before it: -- facts: QUERY", lines[0][0])
        return None, "\n".join(rest)
    return Facts("\n".join(query).strip(), tuple(line for _, line in lines)), "\n".join(rest)


@cache  # parsing takes longer than the query, and the same facts are told of one course after the other
def numbers_and_inputs(facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the numbers that the query of facts gives, and of the tables that it reads.

    Raises `ValueError` where the query is wrong, or a line has a number that it does not give.
    """
    from edxtasks.warehouse import dialect

    try:
        tree = dialect.parse(facts.sql)
        columns = tuple(name for name, _ in dialect.columns(tree))
        named = {line: [name for _, name, _, _ in Formatter().parse(line.text)] for line in facts.lines}
    except (ValueError, UserError) as error:
        raise ValueError(f"the query of the facts: {error}") from None
    for line, names in named.items():
        for name in (*filter(None, names), *filter(None, [line.when])):
            if name not in columns:
                raise ValueError(
                    f'the facts have "{name}", which their query does not give{nearest(name, columns)}'
                )
    return columns, tuple(dialect.inputs(tree))
