"""The forum of a course as the package holds it: documents of MongoDB, one a line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edxtasks.files import writing
from edxtasks.simulate import clock, people
from edxtasks.simulate.clock import DAY, SECOND
from edxtasks.simulate.courses import Course
from edxtasks.simulate.forum import Forum, Post
from edxtasks.simulate.learners import Learner


def write_forum(path: Path, course: Course, forum: Forum, learners: Sequence[Learner]) -> None:
    """The forum as mongoexport writes it; the spelling of dates and numbers changes from course to course."""
    if not forum.posts:
        return
    date, number = _DIALECTS[course.number % len(_DIALECTS)]
    with io.TextIOWrapper(writing(path), encoding="utf-8", newline="\n") as file:
        for place, post in enumerate(forum.posts):
            document = _document(course, post, learners[post.author], date, number)
            if place == 1:
                document["field_of_next_year"] = {"a.b": [1]}
            if place == 2:
                document |= {"last_activity_at": None, "endorsement": None, "retired_username": None}
            file.write(json.dumps(document, ensure_ascii=course.number % 2 == 0) + "\n")


_Spell = Callable[[int], object]
_DIALECTS: tuple[tuple[_Spell, _Spell], ...] = (
    (lambda t: {"$date": t // 1000}, lambda n: n),
    (lambda t: {"$date": clock.full_iso(t)[:23] + "Z"}, lambda n: n),
    (lambda t: {"$date": {"$numberLong": str(t // 1000)}}, lambda n: {"$numberInt": str(n)}),
    (lambda t: {"$date": clock.full_iso(t)[:23] + "+0000"}, lambda n: {"$numberLong": str(n)}),
)


def _document(course: Course, post: Post, author: Learner, date: _Spell, number: _Spell) -> dict[str, Any]:
    voters = [str(people.user_id(n)) for n in range(post.votes)]
    document: dict[str, Any] = {
        "_id": {"$oid": post.id},
        "votes": {
            "up": voters,
            "down": [],
            "up_count": number(len(voters)),
            "down_count": number(0),
            "count": number(len(voters)),
            "point": number(len(voters)),
        },
        "visible": True,
        "abuse_flaggers": [],
        "historical_abuse_flaggers": [],
        "_type": "CommentThread" if post.kind == "thread" else "Comment",
        "body": post.body,
        "course_id": course.id,
        "anonymous": False,
        "anonymous_to_peers": post.votes == 3,
        "at_position_list": [],
        "author_id": str(author.user_id),
        "author_username": author.username,
        "created_at": date(post.time),
        "updated_at": date(post.time + 90 * SECOND),
    }
    if post.thread is None:
        document |= {
            "thread_type": "question" if post.title.startswith("Q") else "discussion",
            "title": post.title,
            "commentable_id": post.topic,
            "comment_count": number(post.children),
            "closed": False,
            "pinned": post.pinned,
            "group_id": None,
            "last_activity_at": date(post.time + 90 * SECOND),
            "tags_array": [],
            "context": "course",
        }
    else:
        document |= {
            "comment_thread_id": {"$oid": post.thread.id},
            "endorsed": post.endorsed,
            "endorsement": {"user_id": "100003", "time": date(post.time + DAY)} if post.endorsed else None,
            "child_count": number(0),
            "depth": 1 if post.parent else 0,
            "parent_ids": [{"$oid": post.parent.id}] if post.parent else [],
            "sk": f"{post.parent.id}-{post.id}" if post.parent else post.id,
        }
        if post.parent:
            document["parent_id"] = {"$oid": post.parent.id}
    return document
