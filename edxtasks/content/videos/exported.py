"""What the course export says of its videos: lengths, clips, and which transcripts they have."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from lxml import etree

from edxtasks.caches import kept_result
from edxtasks.content.archive import read_archive
from edxtasks.content.bundle import make_bundle
from edxtasks.content.findings import Findings
from edxtasks.content.videos.ids import video_name
from edxtasks.content.videos.numbers import clock_time
from edxtasks.course import CourseKey
from edxtasks.digests import ContentHash, Digests

KIND = "videos in the course export"

_VERSION = "1"
"""Of what is kept of an export: another one when the same export would give something else."""


@dataclass(frozen=True)
class ExportedVideo:
    """A `video` element.

    `duration`: seconds of the file, None where it is not known. `start`, `end`: where the clip begins and
    ends that players show, seconds; 0 and None where it is not cut. `transcripts`: names of files in
    `static/`.
    """

    duration: float | None
    start: float
    end: float | None
    transcripts: tuple[str, ...]

    @property
    def is_clip(self) -> bool:
        """Whether players show a part of the file, and count inside it."""
        return self.start > 0 or self.end is not None


def videos_of_export(path: Path, course: CourseKey, findings: Findings) -> dict[str, ExportedVideo]:
    """The videos of a course export by video id. They are kept by its content: it is the same for days, and
    takes longer to read than all else that the lengths of videos come from.

    Raises `InputError` where the archive cannot be read.
    """
    key = ContentHash(f"{course} {Digests()(path)}".encode()).hexdigest()
    kept = kept_result("exported_videos", _VERSION, key, lambda: _read(path, course))
    findings.learn(kept["findings"])
    return {
        name: ExportedVideo(duration, start, end, tuple(transcripts))
        for name, (duration, start, end, transcripts) in kept["videos"].items()
    }


def _read(path: Path, course: CourseKey) -> dict[str, object]:
    """What an export says of its videos, as JSON has it, and what was amiss in that. What is amiss in the
    course was told when its axis was made."""
    bundle = make_bundle(read_archive(path, Findings()), course, str(path), Findings())
    findings = Findings()
    videos = {name: astuple(video) for name, video in exported_videos(bundle.tree, findings).items()}
    return {"videos": videos, "findings": findings.known()}


def exported_videos(tree: etree._Element, findings: Findings) -> dict[str, ExportedVideo]:
    """The videos of a bundle by video id; of several with one id the first."""
    videos: dict[str, ExportedVideo] = {}
    for element in tree.iter("video"):
        name = video_name(element.get("url_name") or "")
        if name is not None and name not in videos:
            videos[name] = _exported_video(element, findings)
    return videos


def transcript_of(sub: str) -> str:
    """The file of the transcript with the id `sub`, which may be an id at YouTube."""
    return f"subs_{sub}.srt.sjson"


def _exported_video(element: etree._Element, findings: Findings) -> ExportedVideo:
    end = clock_time(element.get("end_time"))
    return ExportedVideo(
        duration=next(filter(None, map(_duration, element.iter("video_asset"))), None),
        start=clock_time(element.get("start_time")) or 0.0,
        end=end if end else None,
        transcripts=tuple(dict.fromkeys(_transcripts(element, findings))),
    )


def _duration(asset: etree._Element) -> float | None:
    try:
        seconds = float(asset.get("duration") or "")
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def _transcripts(element: etree._Element, findings: Findings) -> Iterator[str]:
    """Names of transcript files, in every way in which an element names them."""
    if sub := (element.get("sub") or "").strip():
        yield transcript_of(sub)
    sources = [one.get("src") or "" for one in element.iter("transcript") if one.get("src")]
    sources += _listed(element.get("transcripts") or "", findings)
    yield from (name for source in sources if (name := posixpath.basename(source.strip())))
    if edx_id := (element.get("edx_video_id") or "").strip():
        for one in element.iter("transcript"):
            if language := (one.get("language_code") or "").strip():
                yield f"{edx_id}-{language}.srt"


def _listed(text: str, findings: Findings) -> list[str]:
    """The files in the attribute `transcripts`: a JSON object, file by language."""
    if not text.strip():
        return []
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        form = None
    if not isinstance(form, dict):
        findings.add(KIND, "an attribute transcripts is not a JSON object")
        return []
    return [name for name in form.values() if isinstance(name, str)]
