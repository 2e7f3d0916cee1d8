"""What learners do on a page: videos, problems, forum, essays; each leaves its events."""

from __future__ import annotations

from random import Random
from typing import Any

from edxtasks.simulate.chance import hexadecimal
from edxtasks.simulate.clock import iso
from edxtasks.simulate.courses import Course, Page, Problem, Unit, Video
from edxtasks.simulate.events import (
    FORUM,
    OTHER,
    PAUSE_VIDEO,
    PLAY_VIDEO,
    PROBLEM_CHECK,
    SEEK_VIDEO,
    SEQ_GOTO,
    SHOW_ANSWER,
    TRANSCRIPT,
    Session,
    text,
)
from edxtasks.simulate.forum import Forum, Post
from edxtasks.simulate.learners import Outcome, outcome
from edxtasks.simulate.problems import seed_of, submit


def step(session: Session, unit: Unit, chance: float) -> None:
    """On to the next unit of the sequence: by arrow, or by its number."""
    id = session.course.usage_key("sequential", unit.sequential)
    old, new = unit.position - 1, unit.position
    if session.modern and chance < 0.5:
        event = {"id": id, "current_tab": old, "tab_count": unit.units_beside, "widget_placement": "top"}
        session.browser("edx.ui.lms.sequence.next_selected", text(event))
        session.wait(0.02)
    if chance > 0.97:
        session.browser("seq_prev", text({"old": new, "new": old, "id": id}))
        session.wait(1)
    if chance < 0.7:
        session.browser("seq_next", text({"old": old, "new": new, "id": id}))
    else:
        event = {"old": old, "new": new, "id": id}
        if session.modern:
            event |= {"tab_count": unit.units_beside, "current_tab": old, "target_tab": new}
        session.browser("seq_goto", text(event), SEQ_GOTO)
    session.wait(0.1)
    session.handler("sequential", unit.sequential, "xmodule_handler/goto_position", {"position": [str(new)]})
    session.wait(0.5 + chance)


def watch(session: Session, video: Video, random: Random) -> None:
    """Plays a video, in pieces, often to its end."""
    chance = random.random
    common: dict[str, Any] = {"id": session.course.html_id("video", video.url_name), "code": video.youtube}
    if session.modern:
        common["duration"] = video.seconds
    elif video.number % 4 == 3:
        common["speed"] = "1.0"
    session.browser("load_video", text({"id": common["id"], "code": video.youtube}))
    session.wait(0.5 + chance() * 2)
    position = 0.0
    if chance() < 0.3:
        session.browser("show_transcript", text({**common, "currentTime": 0}), TRANSCRIPT)
        language = video.languages[int(chance() * len(video.languages))]
        session.wait(0.2)
        session.handler("video", video.url_name, f"transcript/translation/{language}")
        session.wait(0.3)
        if chance() < 0.2:
            session.browser("hide_transcript", text({**common, "currentTime": 0}))
            session.wait(0.5)
    for _ in range(1 + int(chance() * 4)):
        session.browser("play_video", text({**common, "currentTime": round(position, 6)}), PLAY_VIDEO)
        piece = min(video.seconds - position, 15 + chance() * 240)
        session.wait(piece)
        position += piece
        if position >= video.seconds:
            session.browser("stop_video", text({**common, "currentTime": video.seconds}))
            break
        choice = chance()
        if choice < 0.5:
            session.browser("pause_video", text({**common, "currentTime": round(position, 6)}), PAUSE_VIDEO)
            session.wait(2 + chance() * 40)
        elif choice < 0.85:
            target = max(0.0, min(position + (chance() - 0.4) * 60, video.seconds - 1.0))
            event = {
                "id": common["id"],
                "code": video.youtube,
                "old_time": round(position, 6),
                "new_time": round(target, 6),
                "type": "onSlideSeek" if choice < 0.7 else "onSkipSeek",
            }
            session.browser("seek_video", text(event), SEEK_VIDEO)
            session.wait(0.5)
            position = target
        else:
            event = {"id": common["id"], "current_time": position, "old_speed": "1.0", "new_speed": "1.50"}
            session.browser("speed_change_video", text(event))
            session.wait(0.5)
    session.wait(1 + chance() * 5)


def solve(session: Session, problem: Problem, random: Random, reveal_at: int | None = None) -> None:
    """Opens a problem and, if the learner's fate says so, submits it and has the answer shown.

    `reveal_at` is the time at which the answer is shown; without it, it is shown after the last try.
    """
    chance = random.random
    session.handler("problem", problem.url_name, "xmodule_handler/problem_get")
    result = outcome(session.learner, problem)
    if result is None:
        session.wait(5 + chance() * 40)
        return
    for attempt in range(1, result.attempts + 1):
        _try(session, problem, result, attempt, random)
    if result.shows_answer:
        session.wait(2 + chance() * 20)
        if reveal_at is not None:
            session.time = reveal_at
        _show_answer(session, problem)
    else:
        _dally(session, problem, result, random)
    session.wait(0.5 + chance() * 4)


def _try(session: Session, problem: Problem, result: Outcome, attempt: int, random: Random) -> None:
    """Submits a problem, for the first time or once more, and has it graded."""
    chance = random.random
    course, learner = session.course, session.learner
    usage_key, module = _module(session, problem)
    check = _handler_path(session, problem, "problem_check")
    session.wait((2 if learner.pair else 12) + chance() * (3 if learner.pair else 90))
    made = submit(course, learner, problem, result, attempt)
    quoted = session.modern or attempt % 2 == 0
    session.browser("problem_check", text(made.form) if quoted else made.form, PROBLEM_CHECK)
    session.wait(0.05 + chance() * 0.2)
    post = {f"input_{name}": [str(answer)] for name, answer in made.answers.items()}
    session.handler("problem", problem.url_name, "xmodule_handler/problem_check", post)
    session.wait(0.01 + chance() * 0.3)
    points = sum(made.correct)
    done = points == problem.points
    event = {
        "state": {
            "seed": seed_of(learner, problem),
            "student_answers": made.answers if attempt > 1 else {},
            "done": True if attempt > 1 else None,
            "correct_map": {},
            "input_state": {name: {} for name in made.answers},
        },
        "problem_id": usage_key,
        "answers": made.answers,
        "submission": made.submission,
        "grade": points,
        "max_grade": problem.points,
        "correct_map": made.correct_map,
        "success": "correct" if done else "incorrect",
        "attempts": attempt,
    }
    if not session.modern and problem.number % 11 == 4:
        # the name of the event until 2013
        session.server("save_problem_check", event, check, OTHER, module)
    else:
        session.server("problem_check", event, check, PROBLEM_CHECK, module)
    if session.modern:
        session.wait(0.01)
        graded = {
            "course_id": course.id,
            "user_id": str(learner.user_id),
            "problem_id": usage_key,
            "weighted_earned": points,
            "weighted_possible": problem.points,
        }
        session.server("edx.grades.problem.submitted", graded, check)
    session.wait(0.1 + chance() * 0.3)
    mark = "correct" if done else "incorrect"
    row = f'<div class="{mark}" id="status"><p class="status">{mark} — “{problem.name}”</p></div>\n'
    html = f'<div class="problem">\n{row * (2 + problem.number % 7)}</div>'
    if problem.number == 5 and attempt == 1:
        html = html * 20
    session.browser("problem_graded", text([made.form, html]))


def _show_answer(session: Session, problem: Problem) -> None:
    """Has the answer of a problem shown."""
    usage_key, module = _module(session, problem)
    session.browser("problem_show", text({"problem": usage_key}))
    session.wait(0.1)
    session.handler("problem", problem.url_name, "xmodule_handler/problem_show")
    session.wait(0.1)
    name = "showanswer" if session.modern or problem.number % 4 else "show_answer"
    show = _handler_path(session, problem, "problem_show")
    session.server(name, {"problem_id": usage_key}, show, SHOW_ANSWER, module)


def _dally(session: Session, problem: Problem, result: Outcome, random: Random) -> None:
    """Now and then saves answers, asks for a hint or resets a problem, after the last try."""
    chance = random.random
    course, learner = session.course, session.learner
    usage_key, module = _module(session, problem)
    check = _handler_path(session, problem, "problem_check")
    if chance() < 0.05:
        session.wait(3)
        session.browser("problem_save", submit(course, learner, problem, result, 1).form)
        session.wait(0.2)
        saved = {"problem_id": usage_key, "answers": {}, "state": {"seed": 1, "done": None}}
        session.server("save_problem_success", saved, check, OTHER, module)
    elif chance() < 0.05 and session.modern:
        hint = {"hint_index": 0, "hint_len": 2, "hint_text": "Mind the sign", "module_id": usage_key}
        session.server("edx.problem.hint.demandhint_displayed", hint, check, OTHER, module)
    elif chance() < 0.03:
        session.browser("problem_reset", submit(course, learner, problem, result, 1).form)
        session.wait(0.2)
        reset = {"problem_id": usage_key, "old_state": {"attempts": 1}, "new_state": {"attempts": 1}}
        session.server("reset_problem", reset, check, OTHER, module)


def _module(session: Session, problem: Problem) -> tuple[str, dict[str, str]]:
    """The usage key of a problem, and what the context of an event says of it."""
    usage_key = session.course.usage_key("problem", problem.url_name)
    return usage_key, {"display_name": problem.name, "usage_key": usage_key}


def _handler_path(session: Session, problem: Problem, name: str) -> str:
    """The path of a handler of a problem."""
    course = session.course
    return course.base + course.handler("problem", problem.url_name, f"xmodule_handler/{name}")


def read_forum(session: Session, forum: Forum, random: Random) -> None:
    """Opens the forum and some of the newer threads."""
    chance = random.random
    session.request("discussion/forum", kind=FORUM)
    for _ in range(1 + int(chance() * 3)):
        session.wait(3 + chance() * 20)
        thread = forum.thread_before(session.time, int(chance() * 40))
        if thread is None:
            session.request("discussion/forum/General/inline", get={"page": ["1"]}, kind=FORUM)
            break
        session.request(
            f"discussion/forum/{thread.topic}/threads/{thread.id}", get={"ajax": ["1"]}, kind=FORUM
        )
        session.wait(0.01)
        if session.modern:
            session.server("edx.forum.thread.viewed", forum_event(session, thread), "/discussion/forum/")
    session.wait(10 + chance() * 60)
    if chance() < 0.2:
        session.request("discussion/forum/search", get={"text": ["déjà vu"]}, kind=FORUM)
        session.wait(0.1)
        found = {"query": "déjà vu", "page": 1, "total_results": 3, "corrected_text": None}
        session.server("edx.forum.searched", found, "/discussion/forum/search")
        session.wait(5)


def write_essay(session: Session, page: Page, random: Random) -> None:
    """Opens an open-response block; those who finish courses submit, assess a peer and themselves."""
    chance = random.random
    course, learner = session.course, session.learner
    session.handler("openassessment", page.url_name, "render_submission")
    if learner.habit.tries < 0.85:
        session.wait(10 + chance() * 20)
        return
    usage_key = course.usage_key("openassessment", page.url_name)
    path = course.base + course.handler("openassessment", page.url_name, "submit")
    module = {"display_name": page.name, "usage_key": usage_key}
    own = submission_id(course, learner.index)
    session.wait(60 + chance() * 200)
    session.handler("openassessment", page.url_name, "submit", {"submission": ["My essay"]})
    session.wait(0.2)
    essay = "Mein Aufsatz über Physik.\nZweiter Absatz."
    answer: dict[str, Any] = {"parts": [{"text": essay}]} if course.opaque else {"text": essay}
    answer["file_upload_key"] = f"{hexadecimal(32, learner.seed, 71)}/{course.id}/{usage_key}"
    session.server(
        "openassessmentblock.create_submission",
        {
            "submission_uuid": own,
            "attempt_number": 1,
            "answer": answer,
            "created_at": iso(session.time),
            "submitted_at": iso(session.time),
        },
        path,
        OTHER,
        module,
    )
    session.wait(30 + chance() * 60)
    peer = submission_id(course, max(learner.index - 1, 0))
    session.server(
        "openassessmentblock.get_peer_submission",
        {
            "requesting_student_id": hexadecimal(32, learner.seed, 72),
            "course_id": course.id,
            "item_id": usage_key,
            "submission_returned_uuid": peer if learner.index % 5 else None,
        },
        path,
        OTHER,
        module,
    )
    for kind, about in (("peer", peer), ("self", own)):
        session.wait(40 + chance() * 90)
        assessed = _assessment(session, kind, about, int(chance() * 4))
        session.server(f"openassessmentblock.{kind}_assess", assessed, path, OTHER, module)
    session.wait(5)


def _assessment(session: Session, kind: str, about: str, points: int) -> dict[str, Any]:
    """What an event says of the assessment of a submission, by a peer or by the learner ("self")."""
    part = {
        "option": {"points": points, "name": str(points)},
        "criterion": {"name": "Ideas", "points_possible": 3},
        "feedback": "Schön 👍" if kind == "peer" else "",
    }
    return {
        "feedback": "",
        "rubric": {"content_hash": hexadecimal(40, session.course.seed, 73)},
        "scored_at": iso(session.time),
        "score_type": "PE" if kind == "peer" else "SE",
        "scorer_id": hexadecimal(32, session.learner.seed, 72),
        "parts": [part],
        "submission_uuid": about,
    }


def submission_id(course: Course, learner: int) -> str:
    """The id of a learner's submission to the open-response block of a course."""
    digits = hexadecimal(32, course.seed, 74, learner)
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def forum_event(session: Session, post: Post) -> dict[str, Any]:
    thread = post.thread or post
    event: dict[str, Any] = {
        "id": post.id,
        "commentable_id": post.topic,
        "category_id": post.topic,
        "category_name": "General",
        "body": post.body[:200],
        "truncated": len(post.body) > 200,
        "user_forums_roles": ["Student"],
        "user_course_roles": [],
        "url": "https://courses.edx.org"
        + session.course.base
        + f"discussion/forum/{post.topic}/threads/{thread.id}",
    }
    if post.thread is None:
        event |= {"title": post.title, "thread_type": "discussion", "anonymous": False, "group_id": None}
        event["options"] = {"followed": True}
    else:
        event["discussion"] = {"id": thread.id}
        if post.parent is not None:
            event["response"] = {"id": post.parent.id}
    return event
