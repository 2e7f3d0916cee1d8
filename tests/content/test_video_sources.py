"""Ids of videos, numbers in texts, transcripts, lengths that were written down, the choice among sources."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import orjson
import pytest
from lxml import etree

from edxtasks.caches import read_cache, write_cache
from edxtasks.content.findings import Findings
from edxtasks.content.videos.choice import Known, choose, log_lengths
from edxtasks.content.videos.exported import ExportedVideo, exported_videos, videos_of_export
from edxtasks.content.videos.ids import video_name
from edxtasks.content.videos.numbers import clock_time, iso_duration, positive, rounded
from edxtasks.content.videos.overrides import Overrides, read_overrides
from edxtasks.content.videos.transcripts import last_cue
from edxtasks.course import CourseKey

CASE = Path(__file__).parents[1] / "tables" / "video_stats_day" / "ids"


def test_ids_are_those_of_the_log() -> None:
    """The cases of the table of the log hold here too: both sides join."""

    def rows(name: str) -> list[dict[str, object]]:
        lines = (CASE / name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if not line.startswith("#")]

    expected = {row["username"]: row["video_id"] for row in rows("expected.jsonl")}
    texts = {row["username"]: row["event"] for row in rows("tracklog.jsonl") if row["username"] in expected}
    assert len(texts) > 10
    for name, event in texts.items():
        assert isinstance(event, dict)
        assert video_name(str(event["id"])) == expected[name], name


@pytest.mark.parametrize("text", ["", " ", '""', ' "\n" ', "i4x://", "i4x:///", "i4x-", "a+block@"])
def test_no_id(text: str) -> None:
    assert video_name(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT4M13S", 253),
        ("PT1H", 3600),
        ("P1DT1S", 86_401),
        ("P1W", 604_800),
        ("P1M", 30 * 86_400),
        ("P1Y", 365 * 86_400),
        ("PT1.5S", 1.5),
        ("PT0S", 0),
        ("P0D", 0),
        ("P", None),
        ("PT", None),
        ("P1DT", None),
        ("PT1S rest", None),
        ("4M13S", None),
        ("PT13S4M", None),
        ("", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert iso_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:01:30", 90),
        ("01:00:00.5", 3600.5),
        ("2:05", 125),
        ('"00:00:10"', 10),
        ("75.25", 75.25),
        ("0:0:0,5", 0.5),
        ("", None),
        (None, None),
        ("soon", None),
        ("1:2:3:4", None),
        ("9" * 400 + ":00:00", None),  # more than a float holds
        ("9" * 5000 + ":00:00", None),  # more digits than Python reads as a whole number
        ("9" * 400, None),
    ],
)
def test_times_of_a_clock(text: str | None, seconds: float | None) -> None:
    assert clock_time(text) == seconds


def test_halves_are_rounded_away_from_zero() -> None:
    assert [rounded(one) for one in (0.5, 1.5, 2.4, -0.5)] == [1, 2, 2, -1]
    assert [positive(one) for one in (0.4, 0.5, -3.0, float("inf"), float("nan"), None)] == [
        None,
        1,
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("name", "text", "end"),
    [
        ("a.srt.sjson", '{"start": [0, 900], "end": [800, 2500], "text": ["a", "b"]}', 2.5),
        ("a.srt.sjson", '{"end": [4000, 2500, null, "x", true]}', 4.0),
        ("a.srt.sjson", '{"end": []}', None),
        ("a.srt.sjson", '{"end": 5}', None),
        ("a.srt.sjson", "[1]", None),
        ("a.srt.sjson", '{"end": [1', None),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,500\nhi\n\n2\n00:01:00,000 --> 01:00:02.5\nho\n", 3602.5),
        ("a.srt", "no cues", None),
        ("a.srt.sjson", '{"end": [NaN, Infinity, 1000]}', 1.0),
        ("a.srt.sjson", f'{{"end": [{"9" * 400}]}}', None),
        ("a.srt", f"x --> {'9' * 5000}:00:00,000", None),
    ],
)
def test_the_last_cue(name: str, text: str, end: float | None) -> None:
    assert last_cue(name, text.encode()) == end


def test_lengths_that_were_written_down(tmp_path: Path) -> None:
    path = tmp_path / "video_lengths.csv"
    path.write_text(
        "video_id,youtube_id,video_length\n"
        "i4x://MITx/6.00x/video/a.b,y1,99.5\n"  # by its id, cleaned; rounded
        ",y1,50\n"
        ",y2,60\n"
        "c,,70\n"
        "c,,71\n"  # the last one counts
        "d,,0\n"
        "e,,soon\n"
        ",,80\n"
        "\n"
        "f\n"
        "g,,inf\n"
    )
    findings = Findings()
    written = read_overrides(path, findings)
    assert written == Overrides({"a_b": 100, "c": 71}, {"y1": 50, "y2": 60})
    assert written.length("a_b", "y1") == 100
    assert written.length("other", "y1") == 50
    assert written.length("other", None) is None
    (line,) = findings.lines()
    assert [f"line {number}:" in line for number in range(2, 13)] == [
        *[False] * 5,
        True,  # 7
        True,
        True,
        False,
        True,  # 11
        True,
    ]
    assert "soon" not in line


def test_lengths_without_a_header_are_told(tmp_path: Path) -> None:
    path = tmp_path / "video_lengths.csv"
    path.write_text("video,length\na,5\n")
    findings = Findings()
    assert read_overrides(path, findings) == Overrides()
    assert "line 1: expected the columns video_id, youtube_id, video_length" in findings.lines()[0]


def test_what_an_export_says() -> None:
    tree = etree.fromstring(
        b"""<course>
        <video url_name="a.1" sub="abc" start_time="00:00:10" end_time="0:40">
          <video_asset duration="0.0"/><video_asset duration="-1"/><video_asset duration="61.5"/>
          <video_asset duration="70"/>
          <transcript language="de" src="de/a.srt"/>
        </video>
        <video url_name="a.1"><video_asset duration="5"/></video>
        <video url_name="b" edx_video_id="e1" transcripts='{"uk": "b-uk.srt"}' end_time="00:00:00">
          <video_asset duration="soon"><transcripts>
            <transcript language_code="en" file_format="srt"/>
          </transcripts></video_asset>
        </video>
        <video url_name="c" transcripts="{"/>
        <video/>
        </course>"""
    )
    findings = Findings()
    videos = exported_videos(tree, findings)
    assert videos == {
        "a_1": ExportedVideo(61.5, 10.0, 40.0, ("subs_abc.srt.sjson", "a.srt")),
        "b": ExportedVideo(None, 0.0, None, ("b-uk.srt", "e1-en.srt")),
        "c": ExportedVideo(None, 0.0, None, ()),
    }
    assert videos["a_1"].is_clip
    assert not videos["b"].is_clip
    assert len(findings.lines()) == 1


def test_videos_of_an_export_are_kept_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read once, they and what is amiss in them are had from the cache until the export is another."""
    monkeypatch.setattr("edxtasks.caches._folder", tmp_path / "state")
    course = CourseKey.parse("MITx/2.03x/3T2013")

    def written(duration: float) -> Path:
        videos = f'<video url_name="a"><video_asset duration="{duration}"/></video>'
        videos += '<video url_name="c" transcripts="{"/>'
        inner = f"<course><chapter><sequential><vertical>{videos}</vertical></sequential></chapter></course>"
        outer = '<course org="MITx" course="2.03x" url_name="3T2013"/>'
        path = tmp_path / "course.xml.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, text in (("c/course.xml", outer), ("c/course/3T2013.xml", inner)):
                member = tarfile.TarInfo(name)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        return path

    def read(path: Path) -> tuple[float | None, list[str]]:
        findings = Findings()
        return videos_of_export(path, course, findings)["a"].duration, findings.lines()

    path = written(61.5)
    first = read(path)
    assert first[0] == 61.5
    assert len(first[1]) == 1
    assert read(path) == first
    [kept] = (tmp_path / "state" / "exported_videos").iterdir()
    form = read_cache(kept)
    form["videos"]["a"][0] = 7.0
    write_cache(kept, orjson.dumps(form))
    assert read(path) == (7.0, first[1])
    assert read(written(62.5)) == (62.5, first[1])


FILE = ExportedVideo(100.4, 0.0, None, ())


def test_the_first_source_that_knows_counts() -> None:
    everything = {
        "override": 1,
        "youtube": 2,
        "exported": FILE,
        "log_duration": 4,
        "transcript": 5.5,
        "stop_video": 6,
    }
    expected = {
        "override": 1,
        "youtube": 2,
        "course_export": 100,
        "log_duration": 4,
        "transcript": 6,
        "stop_video": 6,
    }
    for name in list(everything):
        source, length = next(iter(expected.items()))
        assert choose(Known(**everything)) == (length, source)  # type: ignore[arg-type]
        del everything[name], expected[source]
    assert choose(Known()) is None
    # What rounds to 0 says nothing.
    assert choose(Known(youtube=0, exported=ExportedVideo(0.4, 0, None, ()), transcript=-2.0)) is None


@pytest.mark.parametrize(
    ("known", "length"),
    [
        # A clip from 10 s to 40 s of a file of 100 s.
        (Known(exported=ExportedVideo(100.0, 10.0, 40.0, ()), youtube=99), (30, "course_export")),
        (
            Known(exported=ExportedVideo(100.0, 10.0, 40.0, ()), youtube=99, log_duration=29),
            (29, "log_duration"),
        ),
        (Known(exported=ExportedVideo(100.0, 10.0, 40.0, ()), override=5, log_duration=29), (5, "override")),
        # Only the start is known: the rest of the file.
        (Known(exported=ExportedVideo(100.0, 10.0, None, ()), youtube=99), (89, "youtube")),
        (Known(exported=ExportedVideo(100.0, 10.0, None, ())), (90, "course_export")),
        (
            Known(exported=ExportedVideo(None, 10.0, None, ()), transcript=60.2, stop_video=55),
            (50, "transcript"),
        ),
        (Known(exported=ExportedVideo(None, 10.0, None, ()), stop_video=55), (55, "stop_video")),
        # Only the end is known.
        (Known(exported=ExportedVideo(None, 0.0, 40.0, ())), (40, "course_export")),
        # A start behind the end of the file says nothing.
        (Known(exported=ExportedVideo(None, 200.0, None, ()), youtube=99), None),
    ],
)
def test_players_count_inside_a_clip(known: Known, length: tuple[int, str] | None) -> None:
    assert choose(known) == length


def test_what_players_say_most_often() -> None:
    def row(video: str, source: str, seconds: int, n: int) -> dict[str, object]:
        return {"video_id": video, "source": source, "seconds": seconds, "n": n}

    lengths = log_lengths(
        [
            row("a", "log_duration", 10, 2),
            row("a", "log_duration", 12, 1),
            row("a", "log_duration", 12, 2),  # on another date: 3 in all
            row("b", "log_duration", 20, 1),
            row("b", "log_duration", 21, 1),  # a tie: the longer
            row("a", "stop_video", 9, 1),
            row("a", "stop_video", 8, 1),  # two events are too few
            row("b", "stop_video", 19, 1),
            row("b", "stop_video", 18, 2),  # three in all
        ]
    )
    assert lengths.log_duration == {"a": 12, "b": 21}
    assert lengths.stop_video == {"b": 18}
