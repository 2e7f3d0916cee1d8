"""The key of pseudonyms: which files are taken, what is said of others, and that it is shown nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edxtasks.config import Settings
from edxtasks.config.settings import Paths
from edxtasks.deidentification.key import release_key
from edxtasks.errors import SettingsError

SECRET = "0123456789abcdef" * 4


def settings_with(root: Path, key: Path | str | None, release: str | None = "spring") -> Settings:
    path = None if key is None else Path(key)
    return Settings(root=root, paths=Paths(deidentify_key_file=path), deidentify_release=release)


def key_file(path: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def refusal(root: Path, key: Path | str | None, release: str | None = "spring") -> str:
    with pytest.raises(SettingsError) as caught:
        release_key(settings_with(root, key, release))
    text = str(caught.value)
    assert SECRET not in text
    return text


def test_a_key_is_taken_from_a_file_of_ones_own_and_not_shown(tmp_path: Path) -> None:
    found = release_key(settings_with(tmp_path, key_file(tmp_path / "key")))
    assert found.secret == SECRET.encode()
    assert SECRET not in repr(found)
    assert "spring" not in repr(found)
    # A line end behind it, or none, is the same key.
    assert release_key(settings_with(tmp_path, key_file(tmp_path / "other", SECRET + "\n"))) == found
    assert release_key(settings_with(tmp_path, "key")) == found  # relative to the root


def test_the_check_value_tells_keys_and_releases_apart(tmp_path: Path) -> None:
    one = key_file(tmp_path / "key")
    other = key_file(tmp_path / "other", SECRET[::-1])
    checks = {
        release_key(settings_with(tmp_path, path, release)).check_value()
        for path in (one, other)
        for release in ("spring", "autumn")
    }
    assert len(checks) == 4
    assert all(len(one) == 16 for one in checks)
    assert not any(one in SECRET for one in checks)


def test_any_name_of_a_release_will_do(tmp_path: Path) -> None:
    key = key_file(tmp_path / "key")
    names = ("spring", "Frühling", "春", "a b", os.fsdecode(b"\xff"))
    found = {release_key(settings_with(tmp_path, key, name)).pseudonym(7) for name in names}
    assert len(found) == 5


def test_without_a_key_or_a_release_it_is_said_how_to_come_by_one(tmp_path: Path) -> None:
    assert "deidentify_release=" in refusal(tmp_path, key_file(tmp_path / "key"), None)
    assert "deidentify_release=" in refusal(tmp_path, key_file(tmp_path / "key"), "  ")
    for text in (refusal(tmp_path, None), refusal(tmp_path, "nowhere")):
        assert "secrets.token_hex(32)" in text
        assert "deidentify_key_file" in text


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    text = refusal(tmp_path, key_file(tmp_path / "key", mode=mode))
    assert f"{mode:o}" in text
    assert "chmod 600" in text


@pytest.mark.parametrize("place", ["warehouse", "storage/MITx", "state/scratch", "warehouse/../storage"])
def test_a_file_among_tables_or_published_files_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "warehouse").mkdir()
    assert "lies inside the" in refusal(tmp_path, key_file(tmp_path / place / "key"))


def test_links_hide_nothing(tmp_path: Path) -> None:
    inside = key_file(tmp_path / "warehouse" / "key")
    (tmp_path / "link").symlink_to(inside)
    assert "lies inside the warehouse" in refusal(tmp_path, tmp_path / "link")
    outside = key_file(tmp_path / "outside")
    (tmp_path / "warehouse" / "link").symlink_to(outside)
    assert "lies inside the warehouse" in refusal(tmp_path, tmp_path / "warehouse" / "link")
    (tmp_path / "folder").symlink_to(tmp_path / "warehouse")
    assert "lies inside the warehouse" in refusal(tmp_path, tmp_path / "folder" / "key")


@pytest.mark.parametrize("text", ["", "secret", "a" * 64, "ab" * 32, SECRET[:31]])
def test_a_key_that_could_be_guessed_is_refused(tmp_path: Path, text: str) -> None:
    assert "could be guessed" in refusal(tmp_path, key_file(tmp_path / "key", text))


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "expected a file" in refusal(tmp_path, tmp_path / "pipe")
    (tmp_path / "folder").mkdir(mode=0o700)
    assert "expected a file" in refusal(tmp_path, tmp_path / "folder")
    assert "it is no key" in refusal(tmp_path, key_file(tmp_path / "key", SECRET * 2000))
