"""Worker processes: where heavy work runs. One pool for tasks, raw logs, states of problems and all else.

They are started by spawn when there is something to do. A worker that is killed, by hand or for memory, fails
the job that it had and no other, and is replaced; one whose parent has gone ends by itself, at once. A job
tells its parent how far it is. Jobs are taken from the caller one by one as workers become free, so that no
more of them are in memory than there are workers, and one.

The standard pools cannot do this. With `concurrent.futures` (and loky, which is built on it) a killed worker
fails all jobs; `multiprocessing.Pool` waits for its job for ever. Both take in all jobs at once and hear
nothing of a job before its end, and their workers outlive a parent that is killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection
from typing import Any

from edxtasks.outcomes import Failed, Outcome, Reported, StoppedError, WorkerDiedError, attempted
from edxtasks.worker_process import Work, Worker

Progress = Callable[[int, int, str], None]
"""Called with what is done, of how much (0: not known), in which unit; or, as the unit, whom a job
waits for (`locks.WAITING`)."""

Report = Callable[..., None]
"""Called by a job with what its parent is to know."""


@dataclass(frozen=True)
class Job:
    """A function of a module, and its arguments; all of it is pickled, the function by its name.

    It is called as `function(report, *arguments)` in a worker.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __call__(self, report: Report) -> Any:
        return self.function(report, *self.arguments)


class WorkerPool:
    """Workers, started as they are needed, that live until `stop` and keep what a job leaves for the next.

    A context manager: at its end the workers are ended, also in the middle of work. Any thread may use it.
    `size` is for `each` and `in_order`: so many jobs at a time. `prepare` is called once in each worker; what
    it gives is kept while the worker lives.
    """

    def __init__(self, size: int = 1, prepare: Callable[[], object] | None = None) -> None:
        self.size = size
        self._prepare = prepare
        self._free: list[Worker] = []
        self._all: set[Worker] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def run(self, job: Work, report: Report) -> Any:
        """Run a job in a worker and give its result.

        Raises the error of `Failed`, and `StoppedError` after `stop`. What `report` raises says nothing of
        the worker: it ends the job, and the worker with it, and is raised as it is.
        """
        with self.side_by_side([job]) as (worker,):
            while isinstance(message := worker.receive(), Reported):
                report(*message.told)
        if self._stopped and isinstance(message, Failed) and isinstance(message.error, WorkerDiedError):
            raise StoppedError("the run was ended")
        return message.get()

    def each(
        self, jobs: Iterable[Work], report: Callable[..., None] = lambda number, *told: None
    ) -> Generator[tuple[int, Outcome]]:
        """Do all jobs, begun in this order, and give each one's number and outcome as it comes.

        `report` gets the number of a job and what it reports. With `size` 1 the jobs are done here.
        """
        waiting = enumerate(jobs)
        if self.size == 1:
            for number, job in waiting:
                yield number, attempted(partial(job, partial(report, number)))
            return
        following = next(waiting, None)
        busy: dict[Worker, int] = {}
        ended: list[tuple[int, Outcome]] = []
        try:
            while following or busy or ended:
                while following and len(busy) < self.size:
                    worker = self._take()
                    busy[worker], job = following
                    worker.begin(job)
                    following = next(waiting, None)
                yield from ended  # the workers have other work by now
                ended = []
                for worker in _heard(busy):
                    message = worker.receive()
                    if isinstance(message, Reported):
                        report(busy[worker], *message.told)
                    else:
                        ended.append((busy.pop(worker), message))
                        self._give_back([worker])
        finally:
            self._give_back(busy)

    def in_order(self, jobs: Iterable[Work]) -> Iterator[Any]:
        """Do all jobs, and give their results in this order, each kept until it is its turn. Raises the first
        error that comes."""
        kept: dict[int, Any] = {}
        following = 0
        with closing(self.each(jobs)) as outcomes:
            for number, outcome in outcomes:
                kept[number] = outcome.get()
                while following in kept:
                    yield kept.pop(following)
                    following += 1

    @contextmanager
    def side_by_side(self, jobs: Sequence[Work]) -> Iterator[list[Worker]]:
        """Begin all jobs, each in a worker of its own. Those that have not ended when the block does are
        ended with their workers."""
        workers: list[Worker] = []
        try:
            for job in jobs:
                workers.append(self._take())
                workers[-1].begin(job)
            yield workers
        finally:
            self._give_back(workers)

    def stop(self) -> None:
        """End all workers at once, whatever they are doing, and start no more."""
        with self._lock:
            self._stopped = True
            workers = [*self._all]
        self._end(workers)

    def _take(self) -> Worker:
        """A worker that is free, or a new one."""
        with self._lock:
            while self._free and not self._stopped:
                if (worker := self._free.pop()).alive:
                    return worker
                self._all.discard(worker)
            if self._stopped:
                raise StoppedError("the run was ended")
            worker = Worker(self._prepare)
            self._all.add(worker)
            # Within the lock, so that `stop` finds no process half started: Python may end after it.
            worker.start()
            return worker

    def _give_back(self, workers: Collection[Worker]) -> None:
        """Keep those that have ended their jobs for others, and end those that have not."""
        with self._lock:
            self._free += [worker for worker in workers if not worker.busy]
        self._end([worker for worker in workers if worker.busy])

    def _end(self, workers: Collection[Worker]) -> None:
        with self._lock:
            self._all.difference_update(workers)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join()


def _heard(workers: Iterable[Worker]) -> list[Worker]:
    """Those of the workers that have something to say, or are no more: one at least, if there are any."""
    by_waitable = {waitable: worker for worker in workers for waitable in worker.waitables}
    ready = connection.wait([*by_waitable]) if by_waitable else []
    return [*dict.fromkeys(by_waitable[each] for each in ready)]
