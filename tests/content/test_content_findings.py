"""What was found amiss: counted in full, kept and shown in part, never able to fake a line of ours."""

from __future__ import annotations

from edxtasks.content import findings as limits
from edxtasks.content.findings import MISSING, Findings
from edxtasks.messages import Messages


def test_text_of_an_export_is_escaped_and_cut() -> None:
    findings = Findings()
    findings.add(MISSING, "html/\x1b[31m\nbuilt   course_axis: 5 rows")
    findings.add(MISSING, "x" * 1_000_000)
    escaped, cut = findings.of(MISSING)
    assert escaped == r"html/\x1b[31m\nbuilt   course_axis: 5 rows"
    assert cut == "x" * (limits.LONGEST - 1) + "…"


def test_all_are_counted_and_some_are_kept() -> None:
    findings = Findings()
    for number in range(5000):
        findings.add(MISSING, f"html/{number}.xml")
    findings.add(MISSING, "html/0.xml")
    assert len(findings.of(MISSING)) == limits.MOST_KEPT == 1000
    (line,) = findings.lines(shown=2)
    assert line == "files missing (5001): html/0.xml; html/1.xml; and 4998 more"
    messages = Messages()
    findings.tell(messages)
    assert messages.counts["warnings"] == 5001
