"""Services on the network that do not answer: since when, and whether it is still worth trying.

All requests of a process share what is known here, and a run tells its workers. So an outage is waited for
once, and not by each request of each task again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from edxtasks.errors import ServiceError
from edxtasks.locks import WAITING
from edxtasks.printable import say

AGAIN = 60.0
"""Seconds after a failed try in which nobody tries again, once an outage has been given up."""

_SHORT = 5.0
"""Seconds of an outage that nobody is told of."""


@dataclass(frozen=True)
class Outage:
    """A service does not answer.

    `since` is for people; `began` and `tried` (the last time) are seconds of the machine's monotonic clock,
    which all its processes share. `reason` is how the first request failed, `given_up` after how many
    seconds nobody waits for it any more.
    """

    service: str
    since: str
    reason: str
    began: float
    tried: float
    given_up: float | None = None

    def __str__(self) -> str:
        return f"{self.service} has not answered since {self.since} ({self.reason})"


class UnreachableError(ServiceError):
    """A service has not answered for as long as is waited for it."""

    def __init__(self, outage: Outage) -> None:
        super().__init__(
            f"{outage}. Requests are repeated for {outage.given_up or 0:g} seconds (retry_seconds of "
            "[warehouse]); what else needs it fails too. Run again when it can be reached"
        )
        self.outage = outage

    def __reduce__(self) -> tuple[type[UnreachableError], tuple[Outage]]:
        return type(self), (self.outage,)


def once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """What tells the same text only once."""
    told: set[str] = set()

    def tell_new(text: str) -> None:
        if text not in told:
            told.add(text)
            tell(text)

    return tell_new


class Outages:
    """What a process knows of services that do not answer. Any thread may use it.

    `tell` is called with whom is waited for, again with each try; unless it is set, stderr is told once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.tell: Callable[[str], None] = once(say)
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Outage] = {}
        self._answered: dict[str, float] = {}

    def refuse(self, service: str) -> None:
        """Raise `UnreachableError` where a service was given up, and has been tried a moment ago."""
        with self._lock:
            outage = self._known.get(service)
        if outage is not None and outage.given_up is not None and self._clock() - outage.tried < AGAIN:
            raise UnreachableError(outage)

    def failed(self, service: str, reason: str, longest: float, last: bool = False) -> None:
        """Note that a request had no answer. Raises `UnreachableError` when nobody has had one for `longest`
        seconds, when it was the `last` try in that time, or the outage has been given up before."""
        outage = self._noted(service, reason, longest, last)
        if outage.given_up is not None:
            raise UnreachableError(outage)
        if outage.tried - outage.began >= _SHORT:
            self.tell(f"{WAITING}{service}, which has not answered since {outage.since} ({reason})")

    def give_up(self, service: str, reason: str) -> Outage:
        """Note a service that does not answer, and for which nobody is to wait; what is known of it."""
        return self._noted(service, reason, 0, last=True)

    def _noted(self, service: str, reason: str, longest: float, last: bool) -> Outage:
        now = self._clock()
        with self._lock:
            outage = self._known.get(service)
            if outage is None or now - outage.tried > max(longest, AGAIN) * 2:  # nobody asked in between
                outage = Outage(service, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", reason, now, now)
            outage = replace(outage, tried=now)
            if outage.given_up is None and (last or now - outage.began >= longest):
                outage = replace(outage, given_up=longest)
            self._known[service] = outage
        return outage

    def answered(self, service: str) -> None:
        """Note that a request had an answer, whatever that was."""
        with self._lock:
            self._known.pop(service, None)
            self._answered[service] = self._clock()

    def learn(self, outage: Outage) -> None:
        """Take over what another process has found out, unless the service has answered since."""
        with self._lock:
            known = self._known.get(outage.service)
            if outage.tried > self._answered.get(outage.service, 0.0) and (
                known is None or known.tried < outage.tried
            ):
                self._known[outage.service] = outage

    def forget(self) -> None:
        """Know of no outage and no answer."""
        with self._lock:
            self._known.clear()
            self._answered.clear()

    def given_up(self) -> tuple[Outage, ...]:
        """The outages for which nobody waits any more."""
        with self._lock:
            return tuple(one for one in self._known.values() if one.given_up is not None)


outages = Outages()
"""Of this process."""
