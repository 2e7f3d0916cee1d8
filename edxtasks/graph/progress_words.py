"""How far a run is, in words: for a line of a log, and for the rows of the live place."""

from __future__ import annotations

from edxtasks.graph.record import Running, Snapshot
from edxtasks.locks import WAITING
from edxtasks.printable import listed, number, printable, quantity

BYTES = "bytes"
"""The unit of amounts that people read as kB, MB or GB."""

_NAMED = 4
"""Running tasks that one line names."""
_TOO_EARLY = 1.0
"""Seconds before which a rate says nothing."""


def clock(seconds: float) -> str:
    """A time that passes: `0:04`, `12:31`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def of_unit(value: int, unit: str) -> str:
    """An amount of a unit, which is written in the plural: `2 rows`, `1 row`."""
    return quantity(value, unit.removesuffix("s"), unit)


def amount(running: Running, seconds: float) -> str:
    """How far a task is, with rate and time left where they can be known; "" where it does not tell.

    `seconds` are those of the run.
    """
    if not running.unit or running.unit.startswith(WAITING):
        return running.unit
    passed = seconds - running.began
    rate = running.done / passed if passed >= _TOO_EARLY else 0.0
    divisor, unit = _scale(max(running.done, running.of)) if running.unit == BYTES else (1, running.unit)
    done, of = running.done // divisor, running.of // divisor
    parts = [f"{number(done)} of {of_unit(of, unit)}" if running.of else of_unit(done, unit)]
    if rate:
        parts.append(_rate(rate / divisor, unit))
        if running.of > running.done:
            parts.append(f"{clock((running.of - running.done) / rate)} left")
    return ", ".join(parts)


def counts(snapshot: Snapshot) -> list[str]:
    """`34 of 120 tasks`, and what failed and warned so far."""
    parts = [f"{number(snapshot.done)} of {quantity(snapshot.total, 'task')}"]
    parts += [f"{number(snapshot.failed)} failed"] if snapshot.failed else []
    parts += [f"{number(snapshot.warned)} warned"] if snapshot.warned else []
    return parts


def line(snapshot: Snapshot) -> str:
    """One line of a log: `0:12  34 of 120 tasks, 2 failed; split (812 of 2 048 MB, 35 MB/s, 0:35 left)`."""
    named = [_named(one, snapshot.seconds) for one in snapshot.running]
    if not named and snapshot.looking_at:
        named = [f"looking at {printable(snapshot.looking_at)}"]
    working = f"; {listed(named, _NAMED, None)}" if named else ""
    return f"{clock(snapshot.seconds)}  {', '.join(counts(snapshot))}{working}"


def _named(running: Running, seconds: float) -> str:
    told = amount(running, seconds) or clock(seconds - running.began)
    return f"{printable(running.name)} ({told})"


def _scale(size: int) -> tuple[int, str]:
    for divisor, unit in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size >= 10 * divisor:
            return divisor, unit
    return 1, "bytes"


def _rate(rate: float, unit: str) -> str:
    return f"{number(int(rate))} {unit}/s" if rate >= 10 else f"{rate:.1f} {unit}/s"
