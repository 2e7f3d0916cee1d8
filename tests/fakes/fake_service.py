"""What the fakes of Google's services share: requests that are kept, faults that are played."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request as it came: method, path without query, query, JSON body, headers, content."""

    method: str
    path: str
    query: dict[str, str]
    body: Body
    headers: dict[str, str]
    content: bytes


@dataclass
class Fault:
    """An error that the next requests of a kind get instead of their answer.

    With `after`, the request is carried out all the same: its answer is lost.
    """

    method: str
    path: str
    status: int
    reason: str = ""
    message: str = ""
    location: str = ""
    times: int = 1
    after: bool = False


class Answer(Exception):
    """An HTTP answer with a status of its own."""

    def __init__(self, status: int, reason: str = "", message: str = "", location: str = "") -> None:
        super().__init__(message)
        self.status = status
        error: Body = {"code": status, "message": message}
        if reason:  # a gateway in between gives none
            item = {"reason": reason, "message": message, "domain": "global"}
            error["errors"] = [item | {"location": location} if location else item]
        self.body: Body = {"error": error}


class FakeService:
    """Requests, and the faults that the next ones get."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.before: dict[str, Callable[[], Any]] = {}
        """What happens once, just before a request whose path begins so is answered."""
        self.numbers = itertools.count(1)
        self.lock = threading.RLock()

    def fail(self, method: str, path: str, status: int, **more: Any) -> None:
        """Let the next requests with this method and a path that matches fail."""
        self.faults.append(Fault(method, path, status, **more))

    def sent(self, method: str, path: str) -> list[Request]:
        """The requests with this method and a path that matches."""
        return [one for one in self.requests if one.method == method and re.search(path, one.path)]

    def fault(self, request: Request) -> Fault | None:
        """The fault that a request is to have."""
        for fault in self.faults:
            if fault.times and fault.method == request.method and re.search(fault.path, request.path):
                fault.times -= 1
                return fault
        return None
