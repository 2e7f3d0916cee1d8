"""A secret is part of a stamp only in so far as there is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edxtasks.build.stamp_parts import _setting
from edxtasks.config import Settings


def test_of_a_secret_only_whether_there_is_one(tmp_path: Path) -> None:
    nobody = Settings(root=tmp_path)
    assert _setting(nobody, "api_key") is False
    assert _setting(replace(nobody, api_key="one"), "api_key") is True
    assert _setting(replace(nobody, api_key="other"), "api_key") is True
    address = "http://localhost:1"
    assert _setting(replace(nobody, youtube_api_endpoint=address), "youtube_api_endpoint") == address
