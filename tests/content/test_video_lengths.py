"""The table video_lengths: from a course export, a file of lengths, a server and what players said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from build_inputs import inputs
from course_exports import COURSE, studio, write_tarball
from test_youtube import KEY, running

from edxtasks.config import Engine, Paths, Settings
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.video import video_lengths
from edxtasks.warehouse.rows import Row

DATE = "2013-09-08"
FILES = studio(
    '<course><chapter url_name="a">'
    '<video url_name="asset"><video_asset duration="61.5"/></video>'
    '<video url_name="sub.1" sub="abc"/>'
    '<video url_name="named"><transcript language="uk" src="named-uk.srt"/></video>'
    '<video url_name="broken" sub="broken"/>'
    '<video url_name="clip" start_time="00:00:05"/>'
    '<video url_name="nothing"/>'
    "</chapter></course>",
    {
        "static/subs_abc.srt.sjson": '{"end": [1000, 42400]}',
        "static/named-uk.srt": "1\n00:00:01,000 --> 00:01:02,600\nhello\n",
        "static/subs_broken.srt.sjson": '{"end": [1000',
        "static/subs_ytube.srt.sjson": '{"end": [77000]}',
    },
)
NAMES = ("asset", "sub_1", "named", "broken", "clip", "nothing", "ytube_only")
MODULES: tuple[Row, ...] = tuple(
    {"index_video": 10 - place, "video_id": name, "youtube_id": "ytube" if name == "ytube_only" else None}
    for place, name in enumerate(NAMES)
)
Found = dict[object, tuple[object, object]]


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    write_tarball(tmp_path / COURSE.directory / DATE / "course.xml.tar.gz", FILES)
    return Settings(root=tmp_path, paths=Paths(course_sql_date_dir=DATE), engine=Engine(state=Path("state")))


def built(
    settings: Settings, modules: Iterable[Row] | None = MODULES, said: Iterable[Row] = ()
) -> tuple[Found, Messages]:
    messages = Messages()
    sources = video_lengths.sources(Instance(settings, COURSE))
    tables: dict[str, Iterator[Row] | None] = {
        "video_modules": None if modules is None else iter(modules),
        "video_durations_day": iter(said),
    }
    rows = list(
        cast(
            "Iterable[Row]",
            video_lengths.build(inputs(COURSE, settings, sources, settings.root, messages, tables)),
        )
    )
    found: Found = {row["video_id"]: (row["video_length"], row["video_length_source"]) for row in rows}
    assert len(found) == len(rows)
    return found, messages


def stops(video: str, seconds: int, n: int, source: str = "stop_video") -> Row:
    return {"video_id": video, "source": source, "seconds": seconds, "n": n}


def test_without_network_and_key(site: Settings) -> None:
    said = [
        stops("asset", 50, 9, "log_duration"),
        stops("broken", 30, 3),
        stops("sub_1", 41, 9),
        stops("clip", 20, 2),
        stops("clip", 12, 1, "log_duration"),
    ]
    found, messages = built(site, said=said)
    assert found == {
        "asset": (62, "course_export"),
        "sub_1": (42, "transcript"),
        "named": (63, "transcript"),
        "broken": (30, "stop_video"),
        "clip": (12, "log_duration"),
        "nothing": (None, None),
        "ytube_only": (77, "transcript"),
    }
    told = "\n".join(messages.lines)
    assert "static/subs_broken.srt.sjson" in told
    assert "1 of 7 videos: nothing says how long they are" in told


def test_a_person_goes_before_all_and_the_dated_file_before_the_other(site: Settings) -> None:
    home = site.paths.course_sql_base_dir / COURSE.directory
    (home / "video_lengths.csv").write_text("video_id,youtube_id,video_length\nasset,,100\nnothing,,7\n")
    assert built(site)[0]["nothing"] == (7, "override")
    (home / DATE / "video_lengths.csv").write_text("video_id,youtube_id,video_length\nasset,,101\n,ytube,9\n")
    found, _ = built(site)
    assert found["asset"] == (101, "override")
    assert found["ytube_only"] == (9, "override")
    assert found["nothing"] == (None, None)


def test_with_a_key_youtube_is_asked(site: Settings) -> None:
    with running() as server:
        asking = replace(site, youtube_api_endpoint=server.endpoint, api_key=KEY)
        server.durations = {"ytube": "PT1M20S"}
        found, messages = built(asking)
        assert found["ytube_only"] == (80, "youtube")
        assert server.asked == [["ytube"]]
        built(asking)
        assert len(server.asked) == 1, "never twice"
        forced = replace(asking, options=replace(asking.options, force_recompute=True))
        server.statuses = [400]
        found, messages = built(forced)
        assert found["ytube_only"] == (80, "youtube"), "the cache has it"
        assert sum("YouTube" in line for line in messages.lines) == 1
        assert not any(KEY in line for line in messages.lines)
    # The server is gone; an id that was never asked has its other sources.
    (site.engine.state / "youtube_durations.json").unlink()
    found, messages = built(asking)
    assert found["ytube_only"] == (77, "transcript")
    assert sum("YouTube" in line for line in messages.lines) == 1


def test_of_two_videos_with_one_id_the_first_counts(site: Settings) -> None:
    home = site.paths.course_sql_base_dir / COURSE.directory
    (home / "video_lengths.csv").write_text("video_id,youtube_id,video_length\n,y1,1\n,y2,2\n")
    twice: list[Row] = [
        {"index_video": 9, "video_id": "v", "youtube_id": "y2"},
        {"index_video": 3, "video_id": "v", "youtube_id": "y1"},
        {"index_video": 4, "video_id": None, "youtube_id": "y2"},
    ]
    assert built(site, twice)[0] == {"v": (1, "override")}


def test_a_course_without_dump_has_the_table(tmp_path: Path) -> None:
    for dated in ("", DATE):
        settings = Settings(root=tmp_path, paths=Paths(course_sql_date_dir=dated or None))
        assert built(settings, modules=())[0] == {}
        assert built(settings, modules=None)[0] == {}


def test_an_export_that_is_cut_off_is_told_and_the_next_source_asked(site: Settings) -> None:
    path = site.paths.course_sql_base_dir / COURSE.directory / DATE / "course.xml.tar.gz"
    path.write_bytes(path.read_bytes()[:-20])
    found, messages = built(site, said=[stops("asset", 50, 3)])
    assert found["asset"] == (50, "stop_video")
    assert any("cut off" in line for line in messages.lines)
