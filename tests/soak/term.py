"""The term of an office, day by day: which raw logs and packages come, and what becomes of them.

Everything is drawn from a seed before the first day, so that a term that was broken off goes on as it would
have. Raw logs are told apart by their *source* (server and day), packages by their *date*. What an office
has is the *inbox*; what should count of all that ever came is the *truth*: the last good delivery of each
source and date that was not withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

SERVERS = ("mitx-edx-events", "prod-edx-002-mitx-edx-events", "mitx-edge-events")
PACKINGS = ("gz", "zst", "bz2", "")

LOG_FATES = (
    "late", "cut", "cut again", "grown", "changed", "copied", "compressed anew", "moved", "moved and changed",
    "withdrawn", "withdrawn and back", "archived", "late lines",
)  # fmt: skip
"""What can become of a raw log, besides coming once on its day. `cut again`: a good one is replaced by a cut
one, later by a good one."""

PACKAGE_FATES = (
    "late", "cut", "delivered again", "of the week before", "without a table", "withdrawn", "sorted twice",
)  # fmt: skip
"""What can become of a weekly package, besides coming once on its day."""


@dataclass(frozen=True)
class RawLog:
    """The content of a raw log: which source, which form of its lines, how it is compressed."""

    day: int
    server: int
    form: str = "whole"
    packing: str = "gz"

    @property
    def source(self) -> tuple[int, int]:
        """What its deliveries have in common."""
        return self.day, self.server


@dataclass(frozen=True)
class Package:
    """The content of a weekly package: its date (number of the day), the week that it tells of, its form."""

    date: int
    week: int
    form: str = "whole"


@dataclass
class State:
    """What the office has on a day.

    `inbox` are raw logs by file name; `counted` those that should count, by source; `packages` those that lie
    there; `counted_packages` those that should count, in the order of their dates.
    """

    inbox: dict[str, RawLog] = field(default_factory=dict)
    counted: dict[tuple[int, int], RawLog] = field(default_factory=dict)
    packages: dict[int, Package] = field(default_factory=dict)
    counted_packages: dict[int, Package] = field(default_factory=dict)

    @property
    def newest(self) -> Package | None:
        """The package that the setting `dump_dir` names."""
        return self.packages[max(self.packages)] if self.packages else None

    @property
    def failing(self) -> list[str]:
        """What every run must fail for as long as it lies there."""
        newest = self.newest
        return [
            *(name for name, log in self.inbox.items() if log.form == "cut"),
            *(["package"] if newest is not None and newest.form == "cut" else []),
        ]

    @property
    def comparable(self) -> bool:
        """Whether a rebuild must come to the same. Not while a cut delivery lies there: the days that it is
        known to feed are held back, and a course whose dump is cut keeps its tables, by intent."""
        return not self.failing


@dataclass(frozen=True)
class Put:
    """A raw log comes, or replaces one of its name."""

    name: str
    log: RawLog


@dataclass(frozen=True)
class Remove:
    """A raw log leaves its folder; what it gave stays, unless it is forgotten (`doit split forget=`)."""

    name: str
    forget: bool = False


@dataclass(frozen=True)
class Deliver:
    """A package comes, or is delivered again."""

    package: Package


@dataclass(frozen=True)
class Withdraw:
    """A package is taken back, with the folders that it was sorted into."""

    date: int


Action = Put | Remove | Deliver | Withdraw


class Term:
    """All that happens in `days` days, drawn from `seed`."""

    def __init__(self, seed: int, days: int) -> None:
        self.seed = seed
        self.days = days
        self.actions: list[list[Action]] = [[] for _ in range(days)]
        chance = Random(f"{seed} logs")
        fates = _deck(chance, [*LOG_FATES, *["on time"] * len(LOG_FATES)])
        for day in range(days):
            for server in range(len(SERVERS)):
                for after, action in _of_log(chance, RawLog(day, server), next(fates)):
                    self._add(day + after, action)
        chance = Random(f"{seed} packages")
        fates = _deck(chance, [*PACKAGE_FATES, "on time", "on time"])
        for week, day in enumerate(range(0, days, 7)):
            fate = next(fates) if week else "on time"
            for after, action in _of_package(chance, Package(day, week), fate):
                self._add(day + after, action)

    def _add(self, day: int, action: Action) -> None:
        if day < self.days:
            self.actions[day].append(action)

    def states(self) -> Iterator[tuple[int, Sequence[Action], State]]:
        """Each day with what happens on it and what the office has then."""
        state = State()
        for day, actions in enumerate(self.actions):
            for action in actions:
                _apply(state, action)
            yield day, actions, state


def file_name(log: RawLog, date: str, prefix: str = "", folder: str = "a") -> str:
    """Name of a raw log below `DAILY`, for the date of its day."""
    ending = f".{log.packing}" if log.packing else ""
    return f"{folder}/{prefix}{SERVERS[log.server]}-{date}.log{ending}"


def _deck(chance: Random, cards: Sequence[str]) -> Iterator[str]:
    """Cards for ever, each as often as any other."""
    while True:
        yield from chance.sample(cards, len(cards))


def _of_log(chance: Random, log: RawLog, fate: str) -> Iterator[tuple[int, Action]]:
    """What happens to a raw log, each with the number of days after its own. Dates in names are put in when
    the name is used: here it is the number of the day."""
    packing = chance.choice(PACKINGS)
    log = RawLog(log.day, log.server, packing=packing)
    soon, later = chance.randint(1, 3), chance.randint(4, 9)
    name = file_name(log, f"{log.day}")
    form = {"cut": "cut", "grown": "short"}.get(fate, "whole")
    first = RawLog(log.day, log.server, form, packing if form != "cut" or packing else "gz")
    name = file_name(first, f"{log.day}")
    if fate == "late":
        yield later, Put(name, first)
        return
    yield 0, Put(name, first)
    whole = RawLog(log.day, log.server, packing=first.packing)
    other = PACKINGS[(PACKINGS.index(first.packing) + 1) % len(PACKINGS)]
    match fate:
        case "cut" | "grown":
            yield soon, Put(name, whole)
        case "cut again":
            if first.packing:
                yield soon, Put(name, RawLog(log.day, log.server, "cut", first.packing))
                yield soon + 1, Put(name, RawLog(log.day, log.server, "changed", first.packing))
        case "changed" | "late lines":
            yield soon, Put(name, RawLog(log.day, log.server, fate, first.packing))
        case "copied":
            yield soon, Put(file_name(first, f"{log.day}", prefix="copy-"), first)
        case "compressed anew":
            again = RawLog(log.day, log.server, packing=other)
            yield soon, Remove(name)
            yield soon, Put(file_name(again, f"{log.day}"), again)
        case "moved" | "moved and changed":
            moved = RawLog(log.day, log.server, "changed" if "changed" in fate else "whole", other)
            yield soon, Remove(name)
            yield soon, Put(file_name(moved, f"{log.day}", folder="b"), moved)
        case "withdrawn" | "withdrawn and back":
            yield soon, Remove(name, forget=True)
            if fate != "withdrawn":
                yield later, Put(name, whole)
        case "archived":
            yield soon, Remove(name)


def _of_package(chance: Random, package: Package, fate: str) -> Iterator[tuple[int, Action]]:
    soon = chance.randint(1, 3)
    date, week = package.date, package.week
    match fate:
        case "late":
            yield soon, Deliver(package)
        case "cut" | "without a table":
            yield 0, Deliver(Package(date, week, fate))
            yield soon, Deliver(package)
        case "delivered again":
            yield 0, Deliver(package)
            yield soon, Deliver(Package(date, week, "changed"))
        case "of the week before":
            yield 0, Deliver(Package(date, week - 1))
        case "withdrawn":
            yield 0, Deliver(package)
            yield soon, Withdraw(date)
        case "sorted twice":
            yield 0, Deliver(package)
            yield soon, Deliver(package)
        case _:
            yield 0, Deliver(package)


def _apply(state: State, action: Action) -> None:
    match action:
        case Put(name, log):
            state.inbox[name] = log
            if log.form != "cut":
                state.counted[log.source] = log
        case Remove(name, forget):
            log = state.inbox.pop(name)
            if forget:
                del state.counted[log.source]
        case Deliver(package):
            state.packages[package.date] = package
            if package.form != "cut":
                state.counted_packages[package.date] = package
        case Withdraw(date):
            del state.packages[date]
            state.counted_packages.pop(date, None)


def counted_fates(term: Term) -> Mapping[str, int]:
    """How many deliveries, removals and so on a term has, by kind."""
    counts: dict[str, int] = {}
    for action in (action for actions in term.actions for action in actions):
        match action:
            case Put(_, log):
                kind = f"raw log, {log.form}"
            case Remove(_, forget):
                kind = "raw log withdrawn" if forget else "raw log removed"
            case Deliver(package):
                kind = f"package, {package.form}"
            case Withdraw():
                kind = "package withdrawn"
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))
