"""Learners who asked to be forgotten: who they are, in keyed digests, and what of a text is about them."""

from __future__ import annotations

from edxtasks.retired.learners import LONGEST_NAME, Learner, Retired, is_usual_word
from edxtasks.retired.records import (
    TABLES_BY_ID,
    is_about,
    is_of_learner,
    of_document,
    of_row,
    record_cleaner,
)
from edxtasks.retired.stored_list import note_gone, read_gone, read_retired, write_retired

__all__ = [
    "LONGEST_NAME",
    "TABLES_BY_ID",
    "Learner",
    "Retired",
    "is_about",
    "is_of_learner",
    "is_usual_word",
    "note_gone",
    "of_document",
    "of_row",
    "read_gone",
    "read_retired",
    "record_cleaner",
    "write_retired",
]
