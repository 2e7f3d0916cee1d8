"""The points of the fault runs: what is done to a run, when, and to which part of it, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from signal import Signals

SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT")
TARGETS = ("main", "group", "worker", "all")
"""The process that was started; it and its workers at once, as Ctrl-C does; one worker; each process,
stopped first, as a machine that loses its power."""

STARTS = ("raw", "split", "tables")
"""What was there before the disturbed run: deliveries alone; shards too; tables too, but no pages."""

WEIGHTS = {"kill": 10, "full": 3, "permissions": 3, "network": 4, "times": 2, "jump": 2, "flip": 4}
"""How often a kind is drawn, against the others; `network` on the emulators alone."""

EMBEDDED, EMULATORS = "embedded", "emulators"


@dataclass(frozen=True)
class Point:
    """One disturbance.

    `after` says after which share of the tasks that an undisturbed run builds it came, `delay` after which
    share of half the time that such a run takes from there on. `draw` is what a kind draws the rest from:
    which file, which byte, how much room on the disk.
    """

    seed: int
    number: int
    engine: str
    kind: str
    start: str
    processes: int
    signal: str
    target: str
    after: float
    delay: float
    draw: int

    def random(self) -> Random:
        """The rest of the drawing."""
        return Random(self.draw)

    @property
    def signal_number(self) -> Signals:
        """The signal that is sent."""
        return Signals[self.signal]

    @property
    def what(self) -> str:
        """What it is counted as."""
        return f"{self.kind} {self.signal}" if self.kind == "kill" else self.kind

    def __str__(self) -> str:
        where = f"{self.engine} -n {self.processes}, from {self.start}"
        when = f"after {self.after:.0%} of the tasks and {self.delay:.0%} of half the time left"
        what = {
            "kill": f"{self.signal} to {self.target}, {when}",
            "network": f"cut {when}",
            "jump": f"of the clock {when}",
        }
        return f"{self.number}: {self.kind} ({what.get(self.kind, f'drawn from {self.draw}')}), {where}"


def point(seed: int, number: int, engine: str = EMBEDDED, kinds: tuple[str, ...] = ()) -> Point:
    """The point of this number: the same for the same seed, whatever other points there are."""
    random = Random(f"{seed} {number} {engine}")
    known = {kind: weight for kind, weight in WEIGHTS.items() if kind != "network" or engine == EMULATORS}
    chosen = {kind: weight for kind, weight in known.items() if not kinds or kind in kinds}
    if not chosen:
        raise ValueError(f"no kind of {', '.join(kinds)} for {engine}: expected {', '.join(known)}")
    kind = random.choices([*chosen], [*chosen.values()])[0]
    return Point(
        seed,
        number,
        engine,
        kind,
        random.choice(STARTS),
        random.choice((1, 4)),
        random.choice(SIGNALS),
        random.choice(TARGETS),
        random.choice((0.0, random.random(), random.random())),
        random.random(),
        random.randrange(2**32),
    )
