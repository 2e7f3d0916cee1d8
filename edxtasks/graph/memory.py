"""What doit wants of a database and of a checker, without files: the stamps of the warehouse decide."""

from __future__ import annotations

from typing import Any

from doit.dependency import FileChangedChecker


class MemoryBackend:
    """doit's records, kept for the length of a run: nothing that matters lives in them.

    A file of doit's would not survive two runs at once over one warehouse.
    """

    desc = "records in memory only"

    def __init__(self, name: str, codec: Any, *, module_name: str | None = None) -> None:
        self.name = name
        self.codec = codec
        self._records: dict[str, dict[str, Any]] = {}

    def dump(self) -> None:
        """Keep nothing."""

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Store a value of a task."""
        self._records.setdefault(task_id, {})[dependency] = value

    def get(self, task_id: str, dependency: str) -> Any:
        """A value of a task, None when there is none."""
        return self._records.get(task_id, {}).get(dependency)

    def in_(self, task_id: str) -> bool:
        """Whether there is a record of a task."""
        return task_id in self._records

    def remove(self, task_id: str) -> None:
        """Forget a task."""
        self._records.pop(task_id, None)

    def remove_all(self) -> None:
        """Forget all tasks."""
        self._records.clear()


class StampChecker(FileChangedChecker):  # type: ignore[misc]
    """Leaves the question whether a target is there to the stamp check, which has just answered it."""

    def exists(self, file_path: str) -> bool:
        """True: a target that is missing was noticed before doit asks."""
        return True

    def check_modified(self, file_path: str, file_stat: Any, state: Any) -> bool:
        """False: no task declares file dependencies."""
        return False

    def get_state(self, dep: str, current_state: Any) -> Any:
        """Nothing is kept of a file."""
        return None
