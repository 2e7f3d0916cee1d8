"""Course exports: the OLX archive that Studio makes, and the outline that comes with the dump."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, cast

from edxtasks.compression import GzipWriter
from edxtasks.files import writing
from edxtasks.simulate.clock import iso
from edxtasks.simulate.courses import SOLUTIONS, Block, Course, Problem, Sequential, Unit, Video
from edxtasks.simulate.grades import GRADERS, cutoffs

_ADVANCED = {"discussion", "openassessment"}
"""Blocks that stand in the vertical itself, not in a file of their own."""


def write_export(course: Course, path: Path) -> None:
    """Write `course` as a gzip tar archive of OLX; the same course gives the same bytes."""
    with (
        writing(path) as raw,
        GzipWriter(raw) as file,
        tarfile.open(fileobj=cast(Any, file), mode="w|", format=tarfile.GNU_FORMAT) as archive,
    ):
        for name, text in sorted(_files(course)):
            data = text.encode()
            member = tarfile.TarInfo("course/" + name)
            member.size = len(data)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(data))


def run_name(course: Course) -> str:
    """The run as the export names it: older exports use the word `course` for every run."""
    return course.key.run if course.opaque else "course"


def _files(course: Course) -> Iterator[tuple[str, str]]:
    run = run_name(course)
    key = course.key
    yield "course.xml", f'<course url_name="{run}" org="{key.org}" course="{key.number}"/>\n'
    chapters = "".join(f'  <chapter url_name="{c.url_name}"/>\n' for c in course.chapters)
    yield (
        f"course/{run}.xml",
        f'<course display_name="{escape(course.name)}" start="{_quoted(iso(course.start))}"'
        f' cert_html_view_enabled="true">\n{chapters}  <wiki slug="{key.number}"/>\n</course>\n',
    )
    yield f"policies/{run}/policy.json", json.dumps(_policy(course, run), indent=4)
    yield f"policies/{run}/grading_policy.json", json.dumps(_grading_policy(course), indent=4)
    yield "policies/assets.json", "{}"
    yield "about/overview.html", f"<h1>About {escape(course.name)}</h1>\n"
    yield "info/updates.html", "<ol></ol>\n"
    yield "drafts/vertical/unpublished.xml", '<vertical display_name="Not yet"/>\n'
    yield "static/formula.txt", "E = mc²\n"
    for chapter in course.chapters:
        parts = "".join(f'  <sequential url_name="{s.url_name}"/>\n' for s in chapter.sequentials)
        yield (
            f"chapter/{chapter.url_name}.xml",
            f'<chapter display_name="{escape(chapter.name)}" start="{_quoted(iso(chapter.start))}">\n'
            f"{parts}</chapter>\n",
        )
        for sequential in chapter.sequentials:
            yield f"sequential/{sequential.url_name}.xml", _sequential(sequential)
            for unit in sequential.units:
                yield f"vertical/{unit.url_name}.xml", _vertical(unit)
                for block in unit.blocks:
                    yield from _block(course, block)


def _sequential(sequential: Sequential) -> str:
    attributes = f'display_name="{escape(sequential.name)}"'
    if sequential.grading:
        attributes += f' format="{sequential.grading}" graded="true"'
    if sequential.due:
        attributes += f' due="{_quoted(iso(sequential.due))}"'
    units = "".join(f'  <vertical url_name="{unit.url_name}"/>\n' for unit in sequential.units)
    return f"<sequential {attributes}>\n{units}</sequential>\n"


def _vertical(unit: Unit) -> str:
    lines = []
    for block in unit.blocks:
        if block.category == "openassessment":
            lines.append(
                f'  <openassessment url_name="{block.url_name}" display_name="{escape(block.name)}">'
                "<title>Essay</title><rubric><prompt>Write.</prompt><criterion><name>Ideas</name>"
                '<option points="3"><name>3</name></option></criterion></rubric></openassessment>\n'
            )
        elif block.category == "discussion":
            lines.append(
                f'  <discussion url_name="{block.url_name}" display_name="{escape(block.name)}" '
                'discussion_category="Week 1" discussion_target="Homework"/>\n'
            )
        else:
            lines.append(f'  <{block.category} url_name="{block.url_name}"/>\n')
    return f'<vertical display_name="{escape(unit.name)}">\n{"".join(lines)}</vertical>\n'


def _block(course: Course, block: Block) -> Iterator[tuple[str, str]]:
    if block.category in _ADVANCED:
        return
    name = escape(block.name)
    if isinstance(block, Problem):
        yield f"problem/{block.url_name}.xml", _problem(block)
    elif isinstance(block, Video):
        tracks = "".join(
            f'  <transcript language="{language}" src="{block.url_name}-{language}.srt"/>\n'
            for language in block.languages[1:]
        )
        asset = ""
        if course.opaque and block.number % 2 == 0:
            asset = f'  <video_asset client_video_id="{name}" duration="{block.seconds}.0"/>\n'
        speeds = f"1.00:{block.youtube}"
        if block.number % 4 == 1:
            speeds = f"0.75:{block.youtube[::-1]},1.00:{block.youtube},1.25:{block.youtube[::-1]}"
        yield (
            f"video/{block.url_name}.xml",
            f'<video youtube="{speeds}" url_name="{block.url_name}" display_name="{name}" '
            f'youtube_id_1_0="{block.youtube}" sub="{block.youtube}">\n{asset}{tracks}</video>\n',
        )
        cue = {"start": [0], "end": [block.seconds * 1000 - 500], "text": ["Welcome."]}
        yield f"static/subs_{block.youtube}.srt.sjson", json.dumps(cue)
    else:
        yield f"html/{block.url_name}.xml", f'<html filename="{block.url_name}" display_name="{name}"/>\n'
        yield f"html/{block.url_name}.html", f"<p>{name}: schöne Lektüre &amp; ein Bild.</p>\n"


def _problem(problem: Problem) -> str:
    attributes = f'display_name="{escape(problem.name)}"'
    if problem.weight is not None:
        attributes += f' weight="{problem.weight}"'
    if problem.max_attempts is not None:
        attributes += f' max_attempts="{problem.max_attempts}"'
    attributes += f' showanswer="{("attempted", "finished", "always")[problem.number % 3]}"'
    parts = []
    if problem.has_image:
        parts.append('  <p><img src="/static/figure.png" alt="a figure"/></p>\n')
    for kind in problem.responses:
        right = SOLUTIONS[kind][0]
        if kind in {"multiplechoiceresponse", "choiceresponse"}:
            group = "choicegroup" if kind == "multiplechoiceresponse" else "checkboxgroup"
            choices = "".join(
                f'<choice correct="{str(f"choice_{n}" in right).lower()}">Nº {n}</choice>'
                for n in range(3)
                if isinstance(right, (str, list))
            )
            parts.append(f"  <{kind}><{group}>{choices}</{group}></{kind}>\n")
        elif kind == "optionresponse":
            parts.append(
                f"  <{kind}><optioninput options=\"('left','right')\" correct=\"{right}\"/></{kind}>\n"
            )
        else:
            field = "textline" if kind in {"stringresponse", "customresponse"} else "formulaequationinput"
            parts.append(f'  <{kind} answer="{escape(str(right))}"><{field} size="20"/></{kind}>\n')
    if problem.has_solution:
        parts.append(
            '  <solution><div class="detailed-solution"><p>Explanation</p>'
            "<p>Apply the second law, and mind the sign of the term on the left.</p></div></solution>\n"
        )
    return f"<problem {attributes}>\n{''.join(parts)}</problem>\n"


def _policy(course: Course, run: str) -> dict[str, Any]:
    policy: dict[str, Any] = {
        f"course/{run}": {
            "display_name": course.name,
            "start": iso(course.start).replace("+00:00", "Z"),
            "end": iso(course.end).replace("+00:00", "Z"),
            "graceperiod": None,
            "tabs": [{"name": "Courseware", "type": "courseware"}],
        }
    }
    for chapter in course.chapters:
        for sequential in chapter.sequentials:
            if sequential.hidden:
                policy[f"sequential/{sequential.url_name}"] = {"hide_from_toc": True}
    return policy


def _grading_policy(course: Course) -> dict[str, Any]:
    return {
        "GRADER": [
            {
                "min_count": 1,
                "weight": weight,
                "type": grading,
                "drop_count": 0,
                "short_label": label,
            }
            for grading, label, weight in GRADERS
        ],
        "GRADE_CUTOFFS": cutoffs(course),
    }


def _quoted(text: str) -> str:
    """A date as Studio writes it into attributes: a JSON string, its quotes escaped."""
    return "&quot;" + text.replace("+00:00", "Z") + "&quot;"


def structure(course: Course) -> dict[str, Any]:
    """The outline in edX's file `course_structure`: key -> category, children, metadata."""
    outline: dict[str, Any] = {}

    def add(category: str, url_name: str, name: str, children: list[str], **metadata: Any) -> str:
        key = course.usage_key(category, url_name)
        outline[key] = {
            "category": category,
            "children": children,
            "metadata": {"display_name": name, **metadata},
        }
        return key

    chapters = []
    for chapter in course.chapters:
        parts = []
        for sequential in chapter.sequentials:
            units = []
            for unit in sequential.units:
                blocks = [add(b.category, b.url_name, b.name, []) for b in unit.blocks]
                units.append(add("vertical", unit.url_name, unit.name, blocks))
            more: dict[str, Any] = {}
            if sequential.grading and sequential.due:
                more = {"format": sequential.grading, "graded": True, "due": iso(sequential.due)}
            parts.append(add("sequential", sequential.url_name, sequential.name, units, **more))
        chapters.append(add("chapter", chapter.url_name, chapter.name, parts, start=iso(chapter.start)))
    add("course", course.key.run, course.name, chapters, start=iso(course.start))
    return outline
