"""Work that is begun side by side and ended in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_turn(work: Sequence[T], do: Callable[[T, Callable[[], object]], None], threads: int) -> Iterator[None]:
    """Call `do` for each piece of work in threads, and tell of each, in their order, when it is done.

    `do` gets a function besides: that returns when all pieces before are done, and raises what one of them
    failed of. So what comes after it is done in order, and for no piece after one that failed.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="edxtasks-part") as pool:
        futures: list[Future[None]] = []
        try:
            for piece in work:
                turn = futures[-1].result if futures else _no_wait
                futures.append(pool.submit(do, piece, turn))
            for future in futures:
                future.result()
                yield
        finally:  # an interrupted run waits for those that have begun, not for all
            pool.shutdown(cancel_futures=True)


def _no_wait() -> None:
    """The first piece waits for none."""
