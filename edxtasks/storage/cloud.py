"""What Cloud Storage and BigQuery have in common: credentials, patience, errors told to people.

Imported only where a Google backend was chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import requests
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions
from google.auth.credentials import AnonymousCredentials
from google.oauth2 import service_account
from requests.adapters import HTTPAdapter

from edxtasks.errors import QuotaError, ServiceError, SettingsError, UserError
from edxtasks.outages import outages
from edxtasks.printable import printable

_LONGEST = 500
_QUERY_OF_ADDRESS = re.compile(r"(https?://[^\s?]+)\?\S*")
_SETTINGS = re.compile(r"(?i)\b(?:project|location|region|bucket)\b")
_LOCATIONS = re.compile(r"(?i)different locations?|was not found in location|different regions?")
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_SIGN_IN = (
    "sign in with `gcloud auth application-default login`, or name a service-account file in auth_key_file"
)

RATE_LIMITS = frozenset({"rateLimitExceeded", "jobRateLimitExceeded", "userRateLimitExceeded"})
SWITCHED_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
UNPAID = frozenset({"billingNotEnabled", "accountDisabled", "userProjectAccountProblem"})
QUOTAS = frozenset({"quotaExceeded", "dailyLimitExceeded"})
SERVER_FAULTS = frozenset(
    {"backendError", "internalError", "badGateway", "jobBackendError", "jobInternalError"}
)
_UNAVAILABLE = frozenset({502, 503, 504})
"""What a gateway answers for a service, or the service itself, when it does not work at all."""


WAITS = (30.0, 300.0)
"""Seconds until a connection is made, and until an answer comes: that of a large query takes minutes."""


class BoundedWait(HTTPAdapter):
    """How requests go out: a connection that nobody takes, or an answer that never comes, ends after
    `WAITS` also where Google's client sets no limit."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send a request."""
        limit = WAITS if timeout is None else timeout
        return super().send(request, stream, limit, verify, cert, proxies)


@dataclass(frozen=True)
class Patience:
    """How long to try again after rate limits and faults of Google's servers.

    A request is tried for `deadline` seconds. Where nobody answers, these begin with the first request that
    had no answer, whichever it was; when they are over, requests are not repeated any more. Pauses start at
    `initial` seconds, double each time up to `maximum`, and are drawn at random below that, so that many
    clients do not come back together. A job that failed for such a reason is started again at most `jobs`
    times.
    """

    initial: float = 1.0
    maximum: float = 60.0
    deadline: float = 600.0
    jobs: int = 10

    def applied(self, retry: Any, service: str) -> Repeating:
        """A retry of google-api-core with these times and its own predicate, for requests to a service."""
        timed = retry.with_delay(initial=self.initial, maximum=self.maximum, multiplier=2.0)
        return Repeating(timed.with_timeout(self.deadline), service, self.deadline)


@dataclass(frozen=True)
class Repeating:
    """A retry for Google's clients, which call it with what makes a request. It knows of outages."""

    retry: Any
    service: str
    longest: float

    def __call__(self, request: Callable[..., Any], on_error: Any = None) -> Callable[..., Any]:
        """`request`, repeated. Raises `UnreachableError` where nobody answers any more."""

        def watched(*positional: Any, **named: Any) -> Any:
            try:
                answer = request(*positional, **named)
            except Exception as error:
                if reason := no_answer(error):
                    outages.failed(self.service, reason, self.longest)
                else:
                    outages.answered(self.service)
                raise
            outages.answered(self.service)
            return answer

        repeated = self.retry(watched, on_error)

        @wraps(request)
        def asked(*positional: Any, **named: Any) -> Any:
            outages.refuse(self.service)
            try:
                return repeated(*positional, **named)
            except exceptions.RetryError as error:  # one more pause would be longer than its time
                if error.cause is not None and (reason := no_answer(error.cause)):
                    outages.failed(self.service, reason, self.longest, last=True)
                raise

        return asked


def no_answer(error: BaseException) -> str:
    """How a request failed that has not reached the service, or that the service has no strength for; "" for
    any answer that is about the request."""
    answer = getattr(error, "response", None)
    status = getattr(error, "code", None) or getattr(answer, "status_code", None)
    if status in _UNAVAILABLE:
        return f"HTTP {int(status)}"
    if not isinstance(
        error, auth_exceptions.TransportError | ConnectionError | requests.exceptions.RequestException
    ):
        return ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def credentials(key_file: Path | None, emulated: bool) -> Any:
    """Credentials for a client: none for an emulator, a service-account file, else None.

    With None the client looks for Application Default Credentials. Raises `SettingsError` when the file
    cannot be used; its content is never shown.
    """
    if emulated:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    if key_file is None:
        return None
    try:
        return service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
            str(key_file), scopes=[_SCOPE]
        )
    except FileNotFoundError:
        raise SettingsError(f"auth_key_file: {key_file} does not exist") from None
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"auth_key_file: {key_file} is not a service-account file in JSON ({type(error).__name__}); "
            "make a key for the service account in the Google Cloud console"
        ) from None


@contextmanager
def told(what: str) -> Iterator[None]:
    """Raise errors of Google's clients in the block as errors for people, where a person can do something.

    `what` says what was tried, to begin the message with.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        explained = explain(what, error)
        if explained is None:
            raise
        raise explained from error


def explain(what: str, error: Exception) -> UserError | None:
    """An error of Google's clients as a `UserError`; None for one that is a defect of ours."""
    if isinstance(error, exceptions.RetryError):
        cause = error.cause or error
        told_of = explain(what, cause) if cause is not error else None
        return told_of or UserError(f"{what}: given up after many tries ({type(cause).__name__}); run again")
    if isinstance(error, auth_exceptions.DefaultCredentialsError):
        return ServiceError(f"{what}: no Google credentials were found, or none that can be used; {_SIGN_IN}")
    if isinstance(
        error,
        auth_exceptions.TransportError | ConnectionError | requests.exceptions.RequestException,
    ):
        return ServiceError(
            f"{what}: Google cannot be reached ({type(error).__name__}); run again when it can"
        )
    if isinstance(error, auth_exceptions.GoogleAuthError | exceptions.Unauthorized):
        return ServiceError(
            f"{what}: Google refused the credentials, they have expired or been withdrawn; {_SIGN_IN}"
        )
    if isinstance(error, exceptions.GoogleAPICallError):
        item, message = _answered(error)
        return refusal(what, item, message, error.code)
    return None


def _answered(error: Any) -> tuple[dict[str, Any], str]:
    """An error in Google's form, and the message beside it. That of an upload stands in its answer alone."""
    if error.errors:
        return error.errors[0], error.message or ""
    try:
        told = error.response.json()["error"]
        return (told.get("errors") or [{}])[0], told.get("message", "")
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}, error.message or ""  # a gateway in between has answered


def refusal(what: str, item: dict[str, Any], message: str, code: int | None) -> UserError | None:
    """The refusal of a request or job as a `UserError`; None for one that is a defect of ours.

    `item` is an error in Google's form (`reason`, `location`, `message`), `code` the HTTP status.
    """
    reason = item.get("reason", "")
    message = shown(item.get("message") or message)
    if reason in QUOTAS:
        name = f" ({item['location']})" if item.get("location") else ""
        return QuotaError(
            f"{what}: a quota is used up{name}: {message} Wait until it is renewed, or ask for more on the "
            "page IAM & Admin, Quotas of the Google Cloud console"
        )
    if reason in RATE_LIMITS or code == 429:
        return UserError(
            f"{what}: still over a rate limit after many tries: {message} Run fewer tasks at once (doit -n)"
        )
    if reason in SERVER_FAULTS or (code is not None and (code >= 500 or code in {408, 410})):
        return ServiceError(
            f"{what}: Google's servers failed again and again ({reason or code}); run again later"
        )
    if reason == "bytesBilledLimitExceeded":
        return UserError(f"{what}: {message} The limit is the setting maximum_bytes_billed of [warehouse]")
    if reason == "resourcesExceeded":
        return UserError(f"{what}: the query needs more than BigQuery gives to one: {message}")
    if _LOCATIONS.search(message):
        return UserError(
            f"{what}: {message} Datasets and bucket that are used together are in one location: that of "
            "[warehouse] location"
        )
    return _refusal_of_settings(what, reason, message, code)


def _refusal_of_settings(what: str, reason: str, message: str, code: int | None) -> UserError | None:
    """What the project, its bucket and the rights of the account do not allow."""
    if reason in SWITCHED_OFF or "it is disabled. Enable it" in message:
        return ServiceError(f"{what}: the service is switched off in this project: {message}")
    if reason in UNPAID:
        return ServiceError(f"{what}: the project has no billing, or it is closed ({reason}): {message}")
    if code == 403 or reason in {"accessDenied", "forbidden"}:
        return UserError(
            f"{what}: not allowed ({reason or code}): {message} The account needs the roles that "
            "docs/bigquery.md lists; project_id of [warehouse] and gs_bucket of [storage] say where"
        )
    if code == 404 or reason == "notFound":
        hint = next((hint for word, hint in _MISSING.items() if word in message.lower()), "")
        return UserError(f"{what}: not found: {message}{hint}")
    if code == 400 and reason != "invalidQuery" and _SETTINGS.search(message):
        return UserError(
            f"{what}: Google refuses the request: {message} Look at project_id and location of [warehouse] "
            "and gs_bucket of [storage]"
        )
    return None


_MISSING = {
    "bucket does not exist": " Make the bucket, or mend gs_bucket of [storage]",
    "not found: project": " Mend project_id of [warehouse]",
}
"""What to do about what is not found, by words of Google's message in lower case."""


def shown(message: str) -> str:
    """A message of Google as it may be printed: in one line, cut, addresses without what follows `?`.

    What follows may be the right to do something: the id of an upload, a signature.
    """
    text = printable(_QUERY_OF_ADDRESS.sub(r"\1", " ".join(message.split())), _LONGEST)
    return text if text.endswith((".", "…")) or not text else f"{text}."
