"""The storage in the cloud: a bucket of Google Cloud Storage, or a folder in one.

`STORAGE_EMULATOR_HOST` in the environment is the address of an emulator; nobody signs in there.
"""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import google_crc32c
from google.api_core import exceptions
from google.cloud import storage  # type: ignore[attr-defined]
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY

from edxtasks.errors import UserError
from edxtasks.scratch import beside, publish
from edxtasks.storage.base import NotStoredError, Stat, Storage, checked_name
from edxtasks.storage.cloud import Patience, credentials, told

EMULATOR = "STORAGE_EMULATOR_HOST"
_SCHEME = "gs://"
_CHUNK = 32 << 20
"""Bytes of one request of a resumable upload: what is sent again at most when one breaks off."""


USUAL_SOFT_DELETE = timedelta(days=7)
"""How long a bucket keeps what was deleted, unless its owner set another time."""


class NotAllowedError(UserError):
    """A file is held, or has to be kept, or the account may not replace it."""


@dataclass(frozen=True)
class Version:
    """One version of a file. `kept_until`: before then, or at all where it is held, it cannot be removed."""

    name: str
    generation: int
    is_current: bool
    is_held: bool
    kept_until: datetime | None


@dataclass(frozen=True)
class Keeping:
    """How long a bucket keeps what is removed: `soft_delete` after it is removed (zero: not at all);
    `is_known`: False where the account may not ask, and the usual time is assumed."""

    soft_delete: timedelta
    is_known: bool


class GcsStorage(Storage):
    """Files of a bucket. `place` is `gs://BUCKET` or `gs://BUCKET/FOLDER`.

    `key_file` is a service-account file; without one, Application Default Credentials. `signed_in` are
    credentials made elsewhere.
    """

    def __init__(
        self,
        place: str,
        project: str | None = None,
        key_file: Path | None = None,
        patience: Patience | None = None,
        signed_in: Any = None,
    ) -> None:
        bucket, _, folder = place.removeprefix(_SCHEME).partition("/")
        self.where = place
        self._folder = f"{folder.strip('/')}/" if folder.strip("/") else ""
        host = os.environ.get(EMULATOR)
        service = f"Cloud Storage at {host}" if host else "Cloud Storage"
        self._retry = (patience or Patience()).applied(DEFAULT_RETRY, service)
        with _told(place):
            self._client = storage.Client(
                project=project or "",
                credentials=signed_in or credentials(key_file, bool(os.environ.get(EMULATOR))),
            )
        self._bucket = self._client.bucket(bucket)

    def put(self, local: Path, name: str) -> bool:
        with _told(self.uri(name)):
            before = self._find(name)
            if before is not None and _same(before, local):
                return False
            blob = self._blob(name)
            blob.chunk_size = _CHUNK
            try:
                # The precondition makes the upload safe to repeat, and never overwrites what somebody
                # else has stored in the meantime.
                blob.upload_from_filename(
                    str(local),
                    content_type=_content_type(name),
                    if_generation_match=0 if before is None else before.generation,
                    checksum="crc32c",
                    retry=self._retry,
                )
            except exceptions.PreconditionFailed:
                # A repeated request whose first try did arrive is refused too.
                after = self._find(name)
                if after is None or not _same(after, local):
                    raise UserError(
                        f"{self.uri(name)}: somebody else stored another content while {local} was sent; "
                        "run again"
                    ) from None
            return True

    def get(self, name: str, local: Path) -> None:
        local.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside(local) as temporary:
                with _told(self.uri(name)):
                    self._blob(name).download_to_filename(
                        str(temporary), checksum="crc32c", retry=self._retry
                    )
                publish(temporary, local)
        except UserError as error:
            if isinstance(error.__cause__, exceptions.NotFound) and "bucket does not exist" not in str(error):
                raise self._missing(name) from None
            raise

    def holds(self, local: Path, name: str) -> bool:
        with _told(self.uri(name)):
            blob = self._find(name)
        return blob is not None and _same(blob, local)

    def stat(self, name: str) -> Stat | None:
        with _told(self.uri(name)):
            blob = self._find(name)
        return None if blob is None else _stat(blob)

    def list(self, prefix: str = "") -> list[str]:
        return list(self.stats(prefix))

    def stats(self, prefix: str = "") -> dict[str, Stat]:
        with _told(self.where):
            blobs = self._bucket.list_blobs(prefix=self._folder + prefix, retry=self._retry)
            found = {blob.name.removeprefix(self._folder): _stat(blob) for blob in blobs}
        return dict(sorted(found.items()))

    def delete(self, name: str) -> bool:
        with _told(self.uri(name)):
            try:
                self._blob(name).delete(retry=self._retry)
            except exceptions.NotFound:
                return False
            return True

    # What is removed for good

    def versions(self) -> Sequence[Version]:
        """All versions of all files of the folder, also those that were replaced or deleted and are kept."""
        with _told(self.where):
            blobs = self._bucket.list_blobs(prefix=self._folder, versions=True, retry=self._retry)
            return [
                Version(
                    blob.name.removeprefix(self._folder),
                    int(blob.generation),
                    blob.time_deleted is None,
                    bool(blob.temporary_hold or blob.event_based_hold),
                    _latest(blob.retention_expiration_time, blob.retention.retain_until_time),
                )
                for blob in blobs
            ]

    def get_version(self, version: Version, local: Path) -> bool:
        """Fetch a version of a file to a local path. False where it has gone in the meantime."""
        blob = self._bucket.blob(self._folder + version.name, generation=version.generation)
        with _told(f"{self.where} {version.name}"):
            try:
                blob.download_to_filename(str(local), checksum="crc32c", retry=self._retry, raw_download=True)
            except exceptions.NotFound:
                return False
        return True

    def erase(self, version: Version) -> bool:
        """Remove a version of a file, so that no other version is made of it. False where it is held or has
        to be kept, or the account may not."""
        blob = self._bucket.blob(self._folder + version.name, generation=version.generation)
        with _told(f"{self.where} {version.name}"):
            try:
                blob.delete(retry=self._retry)
            except exceptions.NotFound:
                return True
            except (exceptions.Forbidden, exceptions.PreconditionFailed):
                return False
        return True

    def replace(self, local: Path, name: str) -> None:
        """As `put`. Raises `NotAllowedError` where what is there is held, or has to be kept."""
        try:
            self.put(local, name)
        except UserError as error:
            if isinstance(error.__cause__, exceptions.Forbidden):
                raise NotAllowedError(str(error)) from error
            raise

    def keeping(self) -> Keeping:
        """How long the bucket keeps what is removed."""
        with _told(self.where):
            try:
                self._bucket.reload(retry=self._retry)
            except exceptions.Forbidden:
                return Keeping(USUAL_SOFT_DELETE, False)
        seconds = self._bucket.soft_delete_policy.retention_duration_seconds
        return Keeping(USUAL_SOFT_DELETE if seconds is None else timedelta(seconds=int(seconds)), True)

    def url(self, name: str) -> str:
        return f"https://storage.cloud.google.com/{quote(self.uri(name).removeprefix(_SCHEME))}"

    def uri(self, name: str) -> str:
        """The address of a file for Google's own services: `gs://BUCKET/NAME`."""
        return f"{_SCHEME}{self._bucket.name}/{self._folder}{checked_name(name)}"

    def make_public(self, name: str) -> None:
        with _told(self.uri(name)):
            try:
                self._blob(name).make_public(retry=self._retry)
            except exceptions.NotFound:
                raise self._missing(name) from None
            except exceptions.BadRequest as error:
                raise UserError(
                    f"{self.uri(name)}: single files of this bucket cannot be made public ({error.message}); "
                    "turn its uniform access off, or publish_course_images"
                ) from error

    def _blob(self, name: str) -> Any:
        return self._bucket.blob(self._folder + checked_name(name))

    def _find(self, name: str) -> Any:
        return self._bucket.get_blob(self._folder + checked_name(name), retry=self._retry)

    def _missing(self, name: str) -> NotStoredError:
        return NotStoredError(f"{self.uri(name)}: no such file in the storage")


def _latest(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def _stat(blob: Any) -> Stat:
    return Stat(blob.size, blob.updated.timestamp(), blob.crc32c)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """`told`, which also knows the errors that only uploads and downloads have."""
    with told(what):
        try:
            yield
        except exceptions.RetryError as error:
            if isinstance(error.cause, InvalidResponse):
                raise _as_answered(error.cause) from error
            raise
        except InvalidResponse as error:
            raise _as_answered(error) from error
        except DataCorruption as error:
            raise UserError(f"{what}: the content did not arrive as it is stored; run again") from error


def _as_answered(error: Any) -> Exception:
    found: Exception = exceptions.from_http_response(error.response)  # type: ignore[no-untyped-call]
    return found


def _same(blob: Any, local: Path) -> bool:
    return bool(blob.size == local.stat().st_size and blob.crc32c == crc32c(local))


def crc32c(path: Path) -> str:
    """The CRC32C of a file in base64, as Cloud Storage keeps it."""
    checksum: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
    with path.open("rb") as file:
        for _ in checksum.consume(file, 1 << 20):
            pass
    return base64.b64encode(checksum.digest()).decode()


def _content_type(name: str) -> str:
    kind, encoding = mimetypes.guess_type(name)
    # A compressed file stays one: with the type of its content, clients would inflate it on the way.
    return f"application/{encoding}" if encoding else kind or "application/octet-stream"
