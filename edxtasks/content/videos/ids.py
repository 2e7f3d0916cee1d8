"""Ids of videos: the name in an id of any form, spelt as the web player spells it."""

from __future__ import annotations

import unicodedata
from itertools import groupby


def video_name(text: str) -> str | None:
    """The name in the id of a video, as `video_stats_day` and `video_axis` have it; None where there is none.

    `text` is a block key, an i4x URL, the HTML id of an i4x module, or a name; blanks and double quotes
    around it do not count.
    """
    written = text.strip().strip('"').strip()
    if "+block@" in written:
        written = written.rpartition("+block@")[2]
    elif written.startswith("i4x://"):
        written = written.removeprefix("i4x://").rstrip("/").rpartition("/")[2]
    elif written.startswith("i4x-"):
        written = _behind_mark(written)
    kept = (one if _is_kept(one) else "_" for one in written)
    return "".join("_" if one == "_" else "".join(run) for one, run in groupby(kept)) or None


def _behind_mark(written: str) -> str:
    """What stands behind the first `-video-` or `-videoalpha-` of an HTML id, else behind the last dash."""
    found = [(place, mark) for mark in ("-video-", "-videoalpha-") if (place := written.find(mark)) >= 0]
    if not found:
        return written.rpartition("-")[2]
    place, mark = min(found)
    return written[place + len(mark) :]


def _is_kept(character: str) -> bool:
    """Whether it is a letter or number of any script, or a dash (`_` stands for all others)."""
    return character == "-" or unicodedata.category(character)[0] in "LN"
