"""Which source says the length of a video: the first of an order that knows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edxtasks.content.videos.exported import ExportedVideo
from edxtasks.content.videos.numbers import positive

OVERRIDE = "override"
YOUTUBE = "youtube"
COURSE_EXPORT = "course_export"
LOG_DURATION = "log_duration"
TRANSCRIPT = "transcript"
STOP_VIDEO = "stop_video"

FEWEST_STOPS = 3
"""Events stop_video that a length needs."""

Length = tuple[int, str]
"""Whole seconds, more than 0, and the source."""


@dataclass(frozen=True)
class Known:
    """What the sources say of one video, seconds; None: nothing."""

    override: int | None = None
    youtube: int | None = None
    exported: ExportedVideo | None = None
    log_duration: int | None = None
    transcript: float | None = None
    stop_video: int | None = None


def choose(known: Known) -> Length | None:
    """The length of a video, None where no source knows it."""
    is_clip = known.exported is not None and known.exported.is_clip
    order = _of_clip(known) if is_clip else _of_file(known)
    return next(((length, source) for source, one in order if (length := positive(one))), None)


def _of_file(known: Known) -> Iterator[tuple[str, float | None]]:
    yield OVERRIDE, known.override
    yield YOUTUBE, known.youtube
    yield COURSE_EXPORT, known.exported.duration if known.exported else None
    yield LOG_DURATION, known.log_duration
    yield TRANSCRIPT, known.transcript
    yield STOP_VIDEO, known.stop_video


def _of_clip(known: Known) -> Iterator[tuple[str, float | None]]:
    """Players count inside the clip: what they say goes before what is known of the whole file."""
    clip = known.exported
    assert clip is not None
    yield OVERRIDE, known.override
    yield LOG_DURATION, known.log_duration
    if clip.end is not None:
        yield COURSE_EXPORT, clip.end - clip.start
    files = ((YOUTUBE, known.youtube), (COURSE_EXPORT, clip.duration), (TRANSCRIPT, known.transcript))
    for source, whole in files:
        yield source, whole - clip.start if whole is not None else None
    yield STOP_VIDEO, known.stop_video


@dataclass
class LogLengths:
    """What players said, by video: the most frequent length, of several the largest."""

    log_duration: dict[str, int] = field(default_factory=dict)
    stop_video: dict[str, int] = field(default_factory=dict)


def log_lengths(rows: Iterable[Mapping[str, object]]) -> LogLengths:
    """From rows of `video_durations_day`: `video_id`, `source`, `seconds`, `n`."""
    counts: dict[tuple[object, object], Counter[int]] = defaultdict(Counter)
    for row in rows:
        seconds, n = row["seconds"], row["n"]
        assert isinstance(seconds, int)
        assert isinstance(n, int)
        counts[row["source"], row["video_id"]][seconds] += n
    lengths = LogLengths()
    for (source, video), count in counts.items():
        seconds = max(count, key=lambda one: (count[one], one))
        if source == LOG_DURATION:
            lengths.log_duration[str(video)] = seconds
        elif source == STOP_VIDEO and count.total() >= FEWEST_STOPS:
            lengths.stop_video[str(video)] = seconds
    return lengths
