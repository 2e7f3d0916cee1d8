"""The table `video_lengths`: how long each video of the course is, and which source says so.

The sources, of which the first counts that knows a length: a person (`video_lengths.csv`), YouTube (with a
key), the course export, players, transcripts, where videos stop (docs/videos-and-forum.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.content.archive import find_tarball
from edxtasks.content.findings import Findings
from edxtasks.content.place import content_directory
from edxtasks.content.videos import choice, durations_cache, overrides
from edxtasks.content.videos.directory import LookUpError, VideoDirectory
from edxtasks.content.videos.exported import KIND, ExportedVideo, transcript_of, videos_of_export
from edxtasks.content.videos.transcripts import last_cues
from edxtasks.course import CourseKey
from edxtasks.directories import course_directory, sql_directory
from edxtasks.errors import InputError, NoDumpDirectory, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
    video_id STRING -- id of the video, as in video_stats_day
    video_length INTEGER -- length, seconds; NULL where nothing says it
    video_length_source STRING -- what says it: override, youtube, course_export, log_duration and so on
""")

_EXPORT = "course export"


@dataclass(frozen=True)
class _Video:
    """A video of the axis."""

    video_id: str
    youtube_id: str | None


def sources(of: Instance) -> dict[str, Path | None]:
    """The course export that the axis is made from, and the file of lengths; each may be absent.

    Raises `InputError` where it cannot be told which file is the export.
    """
    return {
        _EXPORT: _found(lambda: find_tarball(content_directory(of.course, of.settings))),
        overrides.FILE: _overrides_file(of.course, of.settings),
    }


def _found(look: Callable[[], Path | None]) -> Path | None:
    """What `look` finds; None also where the course has no directory to look in, as without a dump."""
    try:
        return look()
    except (SourceAbsentError, NoDumpDirectory):
        return None


def _overrides_file(course: CourseKey, settings: Settings) -> Path | None:
    """The file of lengths: of the dated directory, else of the course's."""
    places = (
        _found(lambda: sql_directory(course, settings)),
        _found(lambda: course_directory(course, settings)),
    )
    files = (place / overrides.FILE for place in places if place is not None)
    return next((path for path in files if path.is_file()), None)


def build(inputs: BuildInputs) -> Content:
    """A row for each id of a video of the axis. What a source cannot say is told, and the next one asked."""
    messages = inputs.messages
    videos = _videos(inputs.rows("video_modules") or iter(()))
    findings = Findings()
    export, written = inputs.files[_EXPORT], inputs.files[overrides.FILE]
    known = {video.video_id: choice.Known() for video in videos}
    if videos:
        _add_written(known, videos, written, findings)
        _add_youtube(known, videos, inputs)
        exported = _exported(export, inputs.course, findings)
        logs = choice.log_lengths(inputs.rows("video_durations_day") or iter(()))
        for video in known:
            known[video] = replace(
                known[video],
                exported=exported.get(video),
                log_duration=logs.log_duration.get(video),
                stop_video=logs.stop_video.get(video),
            )
        _add_transcripts(known, videos, export, findings)
    findings.tell(messages)
    lengths = {video: choice.choose(one) for video, one in known.items()}
    unknown = sum(length is None for length in lengths.values())
    if unknown:
        messages.add(f"{unknown} of {quantity(len(lengths), 'video')}: nothing says how long they are")
    return [
        {
            "video_id": video,
            "video_length": length[0] if length else None,
            "video_length_source": length[1] if length else None,
        }
        for video, length in lengths.items()
    ]


def _videos(rows: Iterator[Row]) -> list[_Video]:
    """The videos of the axis; of several with one id the first in the course."""
    firsts: dict[str, tuple[int, _Video]] = {}
    for row in rows:
        place, video_id, youtube_id = row["index_video"], row["video_id"], row["youtube_id"]
        assert isinstance(place, int)
        if isinstance(video_id, str) and (video_id not in firsts or place < firsts[video_id][0]):
            firsts[video_id] = place, _Video(video_id, youtube_id if isinstance(youtube_id, str) else None)
    return [video for _, video in sorted(firsts.values(), key=lambda one: one[0])]


def _add_written(
    known: dict[str, choice.Known], videos: Sequence[_Video], path: Path | None, findings: Findings
) -> None:
    if path is None:
        return
    written = overrides.read_overrides(path, findings)
    for video in videos:
        length = written.length(video.video_id, video.youtube_id)
        known[video.video_id] = replace(known[video.video_id], override=length)


def _directory(settings: Settings) -> VideoDirectory | None:
    """Who is asked for lengths: nobody without a key."""
    if not settings.api_key:
        return None
    from edxtasks.content.videos.youtube import YouTube  # it loads much, and most runs ask nobody

    return YouTube(settings.youtube_api_endpoint, settings.api_key)


def _add_youtube(known: dict[str, choice.Known], videos: Sequence[_Video], inputs: BuildInputs) -> None:
    """Lengths at YouTube, of those videos whose length nobody wrote down. Where some could not be asked for,
    the next run asks again."""
    settings = inputs.settings
    directory = _directory(settings)
    if directory is None:
        return
    asked = {
        video.video_id: video.youtube_id
        for video in videos
        if video.youtube_id is not None and known[video.video_id].override is None
    }
    lengths = look_up(
        directory,
        list(dict.fromkeys(asked.values())),
        settings.engine.state / durations_cache.FILE,
        inputs.messages,
        again=settings.options.force_recompute,
    )
    if not lengths.keys() >= set(asked.values()):
        inputs.lacking.append("lengths of videos at YouTube")
    for video, youtube_id in asked.items():
        known[video] = replace(known[video], youtube=lengths.get(youtube_id))


def look_up(
    directory: VideoDirectory, ids: Sequence[str], cache: Path, messages: Messages, *, again: bool
) -> dict[str, int | None]:
    """Lengths of videos by id, from the cache or the directory; ids that could not be asked are left out.

    `again`: also those in the cache are asked. What goes wrong is told in one line.
    """
    cached = durations_cache.read_durations(cache)
    lengths = {one: cached[one] for one in ids if one in cached}
    waiting = [one for one in ids if again or one not in lengths]
    found: dict[str, int | None] = {}
    try:
        for piece in directory.lengths(waiting):
            found.update(piece)
    except LookUpError as error:
        left = len(waiting) - len(found)
        messages.add(
            f"YouTube: the lengths of {left} of {quantity(len(ids), 'video')} are not known: {error}"
        )
        messages.count("warnings")
    if found:
        durations_cache.add_durations(cache, found)
    return lengths | found


def _exported(path: Path | None, course: CourseKey, findings: Findings) -> dict[str, ExportedVideo]:
    if path is None:
        return {}
    try:
        return videos_of_export(path, course, findings)
    except InputError as error:
        findings.add(KIND, str(error))
        return {}


def _add_transcripts(
    known: dict[str, choice.Known], videos: Sequence[_Video], path: Path | None, findings: Findings
) -> None:
    """Ends of transcripts, of those videos whose length no better source knows."""
    if path is None:
        return
    files = {
        video.video_id: _transcripts(video, known[video.video_id].exported)
        for video in videos
        if choice.choose(replace(known[video.video_id], stop_video=None)) is None
    }
    names = {name for some in files.values() for name in some}
    if not names:
        return
    try:
        ends = last_cues(path, names, findings)
    except InputError:
        return  # told when the videos were read from it
    for video, some in files.items():
        end = max((ends[name] for name in some if name in ends), default=None)
        known[video] = replace(known[video], transcript=end)


def _transcripts(video: _Video, exported: ExportedVideo | None) -> list[str]:
    names = list(exported.transcripts) if exported else []
    return [*names, transcript_of(video.youtube_id)] if video.youtube_id else names


TABLE = Table(
    command="analyze_videos",
    sets=("doall",),
    internal=True,
    grain="video_id",
    schema=SCHEMA,
    inputs={"video_modules": Need.REQUIRED, "video_durations_day": Need.OPTIONAL},
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={
            "file:course.xml.tar.gz": Need.OPTIONAL,
            "setting:course_axis_pin_dates": Need.OPTIONAL,
            "file:video_lengths.csv": Need.OPTIONAL,
        },
        # Their change rebuilds the table; of the key only whether there is one.
        settings=("api_key", "youtube_api_endpoint"),
    ),
)
