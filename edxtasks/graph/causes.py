"""One cause of many tasks is told once."""

from __future__ import annotations

from collections.abc import Iterator


class Causes:
    """Texts, each with the tasks that it was told of."""

    def __init__(self) -> None:
        self._tasks: dict[str, list[str]] = {}

    def add(self, text: str, task: str) -> str:
        """Note the text of a task. Gives the task that had it first, "" where this is the first."""
        tasks = self._tasks.setdefault(text, [])
        tasks.append(task)
        return tasks[0] if len(tasks) > 1 else ""

    def repeated(self) -> Iterator[tuple[str, list[str]]]:
        """The first task of each text that several have, and the others; once for texts of the same tasks."""
        groups = {tuple(tasks): None for tasks in self._tasks.values() if len(tasks) > 1}
        for first, *others in groups:
            yield first, others

    def grouped(self) -> Iterator[tuple[str, list[str]]]:
        """Each text, and its tasks."""
        yield from self._tasks.items()
