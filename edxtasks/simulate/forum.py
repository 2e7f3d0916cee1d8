"""What is written in the forum of a course, by whom and when: decided in advance."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from edxtasks.simulate.chance import hexadecimal, mix
from edxtasks.simulate.clock import DAY, HOUR, MINUTE, SECOND
from edxtasks.simulate.courses import Course
from edxtasks.simulate.learners import HABITS, Learner, days_of_study

TOPICS = ("General", "Homework", "course", "i4x-MITx-forum")
_TITLES = (
    "Question on the homework",
    "Typo?",
    "Introduce yourself",
    "Is there a “trick”? 🤔",
    "Réponse à 2ß",
)
_BODIES = (
    "I do not see why the second term vanishes.\nCan somebody help?",
    'He writes "C:\\temp" but means /tmp.\tIs that so?',
    "Thanks a lot! 🙏",
    "Line separators\u2028live in the wild, and so do\rreturns.",
    "最後の問題についての長い質問、式 $E = mc^2$ & <b>tags</b>. " * 12,
)


@dataclass(slots=True, eq=False)
class Post:
    """A post: `thread` (opening post), `response` to one, or `comment` on a response."""

    id: str
    kind: str
    author: int
    time: int
    thread: Post | None
    parent: Post | None
    topic: str
    title: str
    body: str
    votes: int
    endorsed: bool
    pinned: bool
    children: int = 0


@dataclass
class Forum:
    """All posts of a course in the order of their times, and who writes what on which day."""

    posts: list[Post] = field(default_factory=list)
    threads: list[Post] = field(default_factory=list)
    by_learner: dict[tuple[int, int], list[Post]] = field(default_factory=dict)
    thread_times: list[int] = field(default_factory=list)

    def thread_before(self, time: int, chance: int) -> Post | None:
        """One of the newest forty threads opened before `time`, or None."""
        known = bisect_left(self.thread_times, time)
        if not known:
            return None
        return self.threads[known - 1 - chance % min(known, 40)]


def plan_forum(course: Course, learners: list[Learner], first: int) -> Forum:
    """The forum of `course`. Those who write get their days of writing marked as busy."""
    moments: list[tuple[int, int, int]] = []
    for learner in learners:
        habit = HABITS[learner.kind]
        if not habit.posts:
            continue
        for day in days_of_study(learner):
            chance = mix(learner.seed, 51, day)
            if (chance & 1023) / 1024 < habit.posts:
                time = first + day * DAY + 9 * HOUR + (chance >> 10) % (11 * HOUR)
                moments.append((time - time % SECOND + (chance >> 40) % 1000 * 1000, learner.index, day))
    moments.sort()
    forum = Forum()
    responses: list[Post] = []
    for number, (time, index, day) in enumerate(moments):
        chance = mix(course.seed, 52, number)
        # the first three posts are one of each kind, so that every forum has them all
        choice = (0, 5, 9)[number] if number < 3 else chance % 10
        thread = forum.threads[-1 - (chance >> 8) % min(len(forum.threads), 30)] if forum.threads else None
        parent = responses[-1 - (chance >> 8) % min(len(responses), 30)] if responses else None
        if thread is None or choice < 4:
            kind, thread, parent = "thread", None, None
        elif parent is None or choice < 8:
            kind, parent = "response", None
        else:
            kind, thread = "comment", parent.thread
        post = Post(
            id=f"{time // SECOND:08x}{hexadecimal(16, course.seed, 53, number)}",
            kind=kind,
            author=index,
            time=time,
            thread=thread,
            parent=parent,
            topic=thread.topic if thread else TOPICS[(chance >> 16) % len(TOPICS)],
            title=f"{_TITLES[(chance >> 20) % len(_TITLES)]} {number}" if kind == "thread" else "",
            body=_BODIES[(chance >> 24) % len(_BODIES)],
            votes=(chance >> 28) % 4,
            endorsed=kind == "response" and (chance >> 32) % 6 == 0,
            pinned=kind == "thread" and (chance >> 32) % 9 == 0,
        )
        forum.posts.append(post)
        forum.by_learner.setdefault((index, day), []).append(post)
        if kind == "thread":
            forum.threads.append(post)
            forum.thread_times.append(time + MINUTE)
        elif kind == "response":
            responses.append(post)
        if thread is not None:
            thread.children += 1
    return forum
