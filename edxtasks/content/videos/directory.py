"""Somebody outside who is asked for the lengths of videos, and how asking fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol


class LookUpError(Exception):
    """A look-up that cannot go on; its text says why, without address, id or key."""


class RequestRefusedError(LookUpError):
    """The server takes this request as wrong: an id in it may be, or all of it."""


class VideoDirectory(Protocol):
    """Somebody who knows the lengths of videos by their ids."""

    def lengths(self, ids: Sequence[str]) -> Iterator[Mapping[str, int | None]]:
        """Whole seconds by id, piece by piece; None for an id that is not known there.

        Raises `LookUpError` when it cannot go on; what was given before holds.
        """
        ...
