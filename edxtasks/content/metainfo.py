"""What `course_metainfo` holds, key by key, as columns of the tables that are made of it."""

from __future__ import annotations

import math

from edxtasks.content.findings import NUMBERS, Findings
from edxtasks.warehouse.schema import Column

_TAGS = """
    chapter sequential section vertical problem openended conditional randomize lti solution discussion
    initial_display responseparam formularesponse answer selfassessment multiplechoiceresponse customtag
    task radiogroup peergrading optionresponse optioninput textbox choiceresponse header rubric
    drag_and_drop_input img formulaequationinput stringresponse openendedparam combinedopenended video
    description coderesponse textline checkboxgroup customresponse grader_payload numericalresponse
    draggable answer_display prompt category codeparam target code option crowdsource_hinter matlabinput
    symbolicresponse videosequence problemset textbook imageresponse imageinput include
    chemicalequationinput image jsinput word_cloud link editageneinput input schematic hintgroup
    schematicresponse transcript openendedresponse openendedinput crystallography openendedrubric
    hintpart embed formulahint customhint solved foldit timelimit discuss edxxml assessments name
    openassessment feedbackprompt assessment explanation criterion split_test annotationresponse
    annotatable tag_prompt comment annotationinput options comment_prompt poll_question thead mentoring
    textannotation imageannotation fieldset
"""
COUNTED_TAGS = tuple(_TAGS.split())
"""Tags whose counts have a column, in order."""


def typed(column: Column, value: object, findings: Findings) -> object:
    """A value of `course_metainfo`, which is text, as one of a column; NULL where it is blank or no number,
    which is told."""
    text = str(value)
    if column.type == "STRING":
        return text
    if not text.strip():
        return None
    try:
        number = float(text)
        if column.type == "FLOAT" and math.isfinite(number):
            return number
        if column.type == "INTEGER" and number == int(number) and abs(number) < 1 << 63:
            return int(number)
    except (ValueError, OverflowError):
        pass  # told below
    findings.add(NUMBERS, column.name)
    return None
