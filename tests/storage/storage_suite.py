"""What every storage does alike: tests that run against each store."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edxtasks.storage.base import NotStoredError, Storage

COURSE = "MITx__2.03x__3T2013"


class StorageSuite:
    """Tests of the interface `Storage`; a subclass makes the fixture `storage`, empty at first."""

    @pytest.fixture
    def local(self, tmp_path: Path) -> Path:
        """A local file."""
        path = tmp_path / "here" / "report.csv"
        path.parent.mkdir()
        path.write_bytes(b"username,grade\nada,1.0\n")
        return path

    def test_nothing_is_there_at_first(self, storage: Storage, local: Path) -> None:
        assert storage.list() == []
        assert storage.stat("a/b.csv") is None
        assert storage.holds(local, "a/b.csv") is False
        assert storage.delete("a/b.csv") is False

    def test_a_file_comes_back(self, storage: Storage, local: Path, tmp_path: Path) -> None:
        assert storage.put(local, f"{COURSE}/DIST/report.csv") is True
        back = tmp_path / "back" / "again.csv"
        storage.get(f"{COURSE}/DIST/report.csv", back)
        assert back.read_bytes() == local.read_bytes()
        assert [path.name for path in back.parent.iterdir()] == ["again.csv"]

    def test_an_empty_file_and_one_of_many_bytes(self, storage: Storage, tmp_path: Path) -> None:
        for size in (0, 9 << 20):  # above 8 MiB the upload is a resumable one
            path = tmp_path / f"{size}.bin"
            path.write_bytes(bytes(range(256)) * (size // 256))
            assert storage.put(path, path.name) is True
            stat = storage.stat(path.name)
            assert stat is not None and stat.size == size
            storage.get(path.name, tmp_path / "back")
            assert (tmp_path / "back").read_bytes() == path.read_bytes()

    def test_the_same_content_is_not_sent_again(self, storage: Storage, local: Path) -> None:
        storage.put(local, "report.csv")
        before = storage.stat("report.csv")
        assert storage.put(local, "report.csv") is False
        assert storage.stat("report.csv") == before
        assert storage.holds(local, "report.csv") is True

    def test_another_content_replaces(self, storage: Storage, local: Path, tmp_path: Path) -> None:
        storage.put(local, "report.csv")
        local.write_bytes(b"username,grade\nada,0.5\n")  # of the same size
        assert storage.holds(local, "report.csv") is False
        assert storage.put(local, "report.csv") is True
        storage.get("report.csv", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == b"username,grade\nada,0.5\n"

    def test_stat_tells_size_and_time(self, storage: Storage, local: Path) -> None:
        storage.put(local, "report.csv")
        stat = storage.stat("report.csv")
        assert stat is not None
        assert stat.size == 23
        assert abs(stat.updated - time.time()) < 3600

    def test_names_are_listed_by_prefix(self, storage: Storage, local: Path) -> None:
        names = [f"{COURSE}/DAILY/b.json.gz", f"{COURSE}/DAILY/a.json.gz", f"{COURSE}_b/x", "top.csv"]
        for name in names:
            storage.put(local, name)
        assert storage.list() == sorted(names)
        assert storage.list(f"{COURSE}/") == sorted(names[:2])
        assert storage.list(f"{COURSE}/DAILY/b") == [names[0]]
        assert storage.list(COURSE) == sorted(names[:3])
        assert storage.list("nowhere/") == []

    def test_one_listing_tells_all(self, storage: Storage, local: Path) -> None:
        for name in ("b/two.csv", "a/one.csv", "c.csv"):
            storage.put(local, name)
        stats = storage.stats()
        assert list(stats) == ["a/one.csv", "b/two.csv", "c.csv"]
        assert stats == {name: storage.stat(name) for name in stats}
        assert list(storage.stats("a/")) == ["a/one.csv"]

    def test_delete_removes(self, storage: Storage, local: Path) -> None:
        storage.put(local, "a/report.csv")
        assert storage.delete("a/report.csv") is True
        assert storage.list() == []
        assert storage.delete("a/report.csv") is False

    def test_what_is_not_stored_cannot_be_had(self, storage: Storage, tmp_path: Path) -> None:
        target = tmp_path / "back" / "x"
        with pytest.raises(NotStoredError, match="no/where"):
            storage.get("no/where", target)
        assert not target.exists() and list(target.parent.glob("*")) == []
        with pytest.raises(NotStoredError, match="no/where"):
            storage.make_public("no/where")

    @pytest.mark.parametrize(
        "name", ["", "/etc/passwd", "a/../../b", "..", "a//b", "a/./b", "a\\b", "a\nb", "a/", ".edxtasks-1-a"]
    )
    def test_names_that_could_lead_elsewhere_are_refused(
        self, storage: Storage, local: Path, name: str
    ) -> None:
        for call in (lambda: storage.put(local, name), lambda: storage.stat(name), lambda: storage.url(name)):
            with pytest.raises(ValueError, match="is not a name of a stored file"):
                call()
        assert storage.list() == []

    def test_names_with_blanks_and_other_letters(self, storage: Storage, local: Path) -> None:
        name = f"{COURSE}/Übung 1, (neu)~.csv"
        storage.put(local, name)
        assert storage.list() == [name]
        assert storage.delete(name) is True
