"""Lengths of videos at YouTube: its Data API v3, resource `videos`, part `contentDetails`.

Up to 50 ids in a request. The key goes to the server alone: never into a message, never to another address.
Whatever goes wrong ends the look-up, is told once, and fails nothing. A server that does not answer, or wants
nobody to ask, is noted as an outage: what is built next does not wait for it again.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import orjson
import requests

from edxtasks.content.videos.directory import LookUpError, RequestRefusedError
from edxtasks.content.videos.numbers import iso_duration, positive
from edxtasks.outages import UnreachableError, outages

T = TypeVar("T")

IDS_AT_ONCE = 50
LONGEST_WAIT = 60.0
"""Seconds of pauses after which a request that is refused is given up."""
TIMEOUT = 10.0
"""Seconds within which a server must begin to answer, and those between two pieces of an answer."""
LONGEST_ANSWER = 30.0
"""Seconds within which an answer must be whole, however it trickles in."""
LARGEST_ANSWER = 4 << 20


@dataclass(frozen=True)
class YouTube:
    """The Data API at the address `endpoint`, asked with `key`. `pause` waits so many seconds."""

    endpoint: str
    key: str
    pause: Callable[[float], None] = time.sleep
    timeout: float = TIMEOUT
    longest: float = LONGEST_ANSWER

    def __repr__(self) -> str:
        return f"YouTube({self.endpoint!r})"

    def lengths(self, ids: Sequence[str]) -> Iterator[Mapping[str, int | None]]:
        """As `VideoDirectory` has it."""
        each = list(dict.fromkeys(ids))
        if each:
            self._refuse_in_an_outage()
        for start in range(0, len(each), IDS_AT_ONCE):
            batch = each[start : start + IDS_AT_ONCE]
            try:
                yield self._answer(batch)
            except RequestRefusedError:
                # One id that the server does not like spoils all that are asked with it.
                if len(batch) == 1:
                    raise
                yield self._one_by_one(batch)

    def _one_by_one(self, ids: Iterable[str]) -> Mapping[str, int | None]:
        found: dict[str, int | None] = {}
        refused: list[str] = []
        fault: RequestRefusedError | None = None
        for one in ids:
            try:
                found.update(self._answer([one]))
            except RequestRefusedError as error:
                fault = error
                refused.append(one)
        if not found and fault is not None:  # it is not the ids
            raise fault
        return found | dict.fromkeys(refused)

    def _answer(self, ids: Sequence[str]) -> dict[str, int | None]:
        items = _items(self._ask(ids))
        return dict.fromkeys(ids) | {name: length for name, length in items if name in ids}

    def _ask(self, ids: Sequence[str]) -> bytes:
        """The answer to one request; refusals for the moment are tried again, with doubling pauses."""
        wait, waited = 1.0, 0.0
        while True:
            status, data = self._get(ids)
            if status == 200:
                outages.answered(self.endpoint)
                return data
            if status not in {403, 429} and status < 500:
                kind = RequestRefusedError if status >= 400 else LookUpError
                raise kind(f"the server answered with status {status}")
            if waited + wait > LONGEST_WAIT:
                raise self._no_answer(
                    f"the server refused with status {status} for {waited:.0f} s (out of quota, or the key "
                    "is not allowed to ask)"
                )
            self.pause(wait)
            waited, wait = waited + wait, wait * 2

    def _get(self, ids: Sequence[str]) -> tuple[int, bytes]:
        query = {
            "part": "contentDetails",
            "id": ",".join(ids),
            "maxResults": str(IDS_AT_ONCE),
            "key": self.key,
        }

        def get() -> tuple[int, bytes]:
            # A redirection would carry the key elsewhere.
            with requests.get(
                f"{self.endpoint.rstrip('/')}/videos",
                params=query,
                timeout=self.timeout,
                stream=True,
                allow_redirects=False,
            ) as answer:
                return answer.status_code, _whole(answer) if answer.status_code == 200 else b""

        try:
            return within(self.longest, get)
        except requests.Timeout:
            raise self._no_answer(f"the server did not answer within {self.timeout:g} s") from None
        except TimeoutError:
            raise self._no_answer(f"the answer of the server took more than {self.longest:g} s") from None
        except (requests.RequestException, OSError, ValueError) as error:
            # Texts of these errors name the address, with the key.
            raise self._no_answer(f"the server could not be asked ({type(error).__name__})") from None

    def _refuse_in_an_outage(self) -> None:
        try:
            outages.refuse(self.endpoint)
        except UnreachableError as error:
            raise LookUpError(f"{error.outage.reason}; that was a moment ago") from None

    def _no_answer(self, reason: str) -> LookUpError:
        """The error for a server that does not answer, or wants nobody to ask. It is noted."""
        outages.give_up(self.endpoint, reason)
        return LookUpError(reason)


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of `work`, or what it raises. Raises `TimeoutError` where it takes longer: it is left to
    itself then, in a thread that ends with the process."""
    results: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def worked() -> None:
        try:
            results.put((work(), None))
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            results.put((None, error))

    threading.Thread(target=worked, name="edxtasks-ask", daemon=True).start()
    try:
        result, error = results.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return cast("T", result)


def _whole(answer: requests.Response) -> bytes:
    data = b""
    for piece in answer.iter_content(1 << 16):
        data += piece
        if len(data) > LARGEST_ANSWER:
            raise LookUpError("the answer of the server is too long")
    return data


def _items(data: bytes) -> list[tuple[str, int | None]]:
    """Ids and lengths of an answer; None for a duration that says nothing. Raises `LookUpError`."""
    try:
        form: Any = orjson.loads(data)
        return [
            (str(item["id"]), positive(iso_duration(str(item.get("contentDetails", {}).get("duration", "")))))
            for item in form["items"]
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise LookUpError("the answer of the server is not in the form of the YouTube Data API") from None
