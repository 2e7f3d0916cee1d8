"""How a job ended, its result or its error: in a form that goes from a worker process to its parent."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edxtasks.errors import SourceAbsentError, UserError, from_machine

_QUOTED = re.compile(r"""(?<![A-Za-z])(?:"[^"\n]*"|'[^'\n]*')(?!, line)""")


class WorkerDiedError(UserError):
    """The worker process of a job ended before its result came."""


class StoppedError(UserError):
    """The run was ended while the job was at work."""


class TaskDefectError(Exception):
    """An exception that is nobody's fault but the product's; its text is the traceback, `brief` its last
    line."""

    def __init__(self, trace: str, brief: str) -> None:
        super().__init__(trace, brief)
        self.brief = brief

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Reported:
    """What a job reported."""

    told: tuple[Any, ...]


@dataclass(frozen=True)
class Done:
    """The result of a job."""

    result: Any

    def get(self) -> Any:
        """The result."""
        return self.result


@dataclass(frozen=True)
class Failed:
    """How a job failed: with an error as `for_people` gives it, or `WorkerDiedError`."""

    error: Exception

    def get(self) -> Any:
        """Raise the error."""
        raise self.error


Outcome = Done | Failed


def attempted(work: Callable[[], object]) -> Outcome:
    """What work gives, whether it succeeds or not."""
    try:
        return Done(work())
    except Exception as error:  # noqa: BLE001 - whatever it is, it fails this work and no other
        return Failed(for_people(error))


def for_people(error: Exception) -> Exception:
    """`UserError` and `SourceAbsentError` as they are, `MachineError` for what the machine refused, anything
    else as `TaskDefectError`. It can be pickled."""
    if isinstance(error, UserError | SourceAbsentError | TaskDefectError):
        return error
    if refused := from_machine(error):
        return refused
    texts = "".join(traceback.format_exception(error)), f"{type(error).__name__}: {error}"
    # The engine quotes values in its errors, and values may be personal.
    if type(error).__module__.partition(".")[0] in {"duckdb", "_duckdb"}:
        return TaskDefectError(*(_QUOTED.sub('"…"', text) for text in texts))
    return TaskDefectError(*texts)


def described(error: Exception) -> str:
    """The text of an exception, for people; with its kind where it is a defect of the product."""
    told = for_people(error)
    return told.brief if isinstance(told, TaskDefectError) else str(told)
