"""What Cloud Storage and BigQuery have in common: credentials, patience, errors told to people.

Imported only where a Google backend was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions
from google.auth.credentials import AnonymousCredentials
from google.oauth2 import service_account

from edxtasks.errors import SettingsError, UserError

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_SIGN_IN = (
    "sign in with `gcloud auth application-default login`, or name a service-account file in auth_key_file"
)

RATE_LIMITS = frozenset({"rateLimitExceeded", "jobRateLimitExceeded", "userRateLimitExceeded"})
QUOTAS = frozenset({"quotaExceeded", "dailyLimitExceeded"})
SERVER_FAULTS = frozenset(
    {"backendError", "internalError", "badGateway", "jobBackendError", "jobInternalError"}
)


@dataclass(frozen=True)
class Patience:
    """How long to try again after rate limits and faults of Google's servers.

    A request is tried for `deadline` seconds, with pauses that start at `initial` seconds, double each time
    up to `maximum`, and are drawn at random below that, so that many clients do not come back together. A
    job that failed for such a reason is started again at most `jobs` times.
    """

    initial: float = 1.0
    maximum: float = 60.0
    deadline: float = 600.0
    jobs: int = 10

    def applied(self, retry: Any) -> Any:
        """A retry of google-api-core with these times and its own predicate."""
        return retry.with_delay(initial=self.initial, maximum=self.maximum, multiplier=2.0).with_timeout(
            self.deadline
        )


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
            f"auth_key_file: {key_file} is no service-account file in JSON ({type(error).__name__}); "
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
        return UserError(f"{what}: no Google credentials were found; {_SIGN_IN}")
    if isinstance(error, auth_exceptions.RefreshError | exceptions.Unauthorized):
        return UserError(
            f"{what}: Google refused the credentials, they have expired or been withdrawn; {_SIGN_IN}"
        )
    if isinstance(
        error, auth_exceptions.TransportError | ConnectionError | requests.exceptions.RequestException
    ):
        return UserError(f"{what}: Google cannot be reached ({type(error).__name__}); run again when it can")
    if isinstance(error, exceptions.GoogleAPICallError):
        return refusal(what, error.errors[0] if error.errors else {}, error.message or "", error.code)
    return None


def refusal(what: str, item: dict[str, Any], message: str, code: int | None) -> UserError | None:
    """The refusal of a request or job as a `UserError`; None for one that is a defect of ours.

    `item` is an error in Google's form (`reason`, `location`, `message`), `code` the HTTP status.
    """
    reason = item.get("reason", "")
    message = item.get("message") or message
    if reason in QUOTAS:
        name = f" ({item['location']})" if item.get("location") else ""
        return UserError(
            f"{what}: a quota is used up{name}: {message} Wait until it is renewed, or ask for more on the "
            "page IAM & Admin, Quotas of the Google Cloud console"
        )
    if reason in RATE_LIMITS or code == 429:
        return UserError(
            f"{what}: still over a rate limit after many tries: {message} Run fewer tasks at once (doit -n)"
        )
    if reason in SERVER_FAULTS or (code is not None and code >= 500):
        return UserError(
            f"{what}: Google's servers failed again and again ({reason or code}); run again later"
        )
    if reason == "bytesBilledLimitExceeded":
        return UserError(f"{what}: {message} The limit is the setting maximum_bytes_billed of [warehouse]")
    if code == 403 or reason in {"accessDenied", "billingNotEnabled", "forbidden"}:
        return UserError(f"{what}: not allowed ({reason or code}): {message}")
    if reason == "resourcesExceeded":
        return UserError(f"{what}: the query needs more than BigQuery gives to one: {message}")
    if code == 404 or reason == "notFound":
        return UserError(f"{what}: not found: {message}")
    return None
