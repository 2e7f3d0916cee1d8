"""What learners do: the visits of a day, and the events of a visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from edxtasks.simulate import people, planted
from edxtasks.simulate.chance import fraction, hexadecimal, mix
from edxtasks.simulate.clock import DAY, HOUR, MINUTE, SECOND, iso
from edxtasks.simulate.courses import Course, Page, Problem, Unit, Video
from edxtasks.simulate.events import (
    ENROLLMENT,
    FORUM,
    HANDLER,
    OTHER,
    PAUSE_VIDEO,
    PLAY_VIDEO,
    PROBLEM_CHECK,
    PROGRESS,
    REQUEST,
    SEEK_VIDEO,
    SEQ_GOTO,
    SHOW_ANSWER,
    TRANSCRIPT,
    Session,
    Sink,
    text,
)
from edxtasks.simulate.forum import Forum, Post
from edxtasks.simulate.learners import Learner, on_the_move, outcome, units_of_day
from edxtasks.simulate.problems import seed_of, submit

LONGEST_VISIT = 2 * HOUR
"""No visit lasts longer; so only visits that start in the last two hours of a day can pass midnight."""

UNITS_PER_VISIT = 8


@dataclass(slots=True)
class Visit:
    """One stay on the site. `late` is the number of days after which its events are delivered."""

    start: int
    act: Callable[[Session, Visit, Random], None]
    learner: Learner
    course: Course
    forum: Forum
    seed: int
    day: int
    units: tuple[Unit, ...] = ()
    post: Post | None = None
    late: int = 0


def visits_of_day(
    campus_seed: int, course: Course, forum: Forum, learner: Learner, day: int, first: int, days: int
) -> list[Visit]:
    """The visits that `learner` starts on `day` (counted from the start of the period), in no order."""
    start = first + day * DAY
    visits: list[Visit] = []

    def add(time: int, act: Callable[[Session, Visit, Random], None], **more: Any) -> None:
        seed = mix(learner.seed, 61, day, len(visits))
        visits.append(Visit(time, act, learner, course, forum, seed, day, **more))

    if learner.kind == "probe" and day == 1:
        add(start + 10 * HOUR, planted.probe)
        add(start + 24 * HOUR - 150 * SECOND, planted.midnight)
    if learner.enrolled // DAY == start // DAY:
        add(learner.enrolled - 20 * SECOND, enrol)
    if learner.upgraded and learner.upgraded // DAY == start // DAY:
        add(learner.upgraded - 30 * SECOND, upgrade)
    if learner.dropped and learner.dropped // DAY == start // DAY:
        add(learner.dropped, drop)
    for post in forum.by_learner.get((learner.index, day), ()):
        add(post.time - MINUTE, write, post=post)
    units = units_of_day(learner, course, day)
    if units:
        share = learner.pair != 0
        base = (learner.pair or mix(campus_seed, 62, learner.person)) % 24
        hour = (base + int(3 * fraction(learner.pair or learner.seed, 63, day))) % 24
        for number in range(0, len(units), UNITS_PER_VISIT):
            time = start + hour * HOUR
            time += int(fraction(learner.pair or learner.seed, 64, day, number) * HOUR)
            if time < learner.enrolled + 10 * MINUTE:
                time += 11 * HOUR
            if day == days - 1:
                time = min(time, start + 20 * HOUR)
            part = units[number : number + UNITS_PER_VISIT]
            if share:
                add(time, share_answers, units=part)
            elif on_the_move(learner, day):
                offline = mix(learner.seed, 66, day) % 4 == 0 and day + 3 < days
                add(time, watch_on_the_move, units=part, late=3 if offline else 0)
            else:
                add(time, study, units=part)
            hour = (hour + 3) % 22
    if learner.kind == "instructor" and units:
        add(start + 8 * HOUR, author)
    return visits


def run(visit: Visit, campus_seed: int, sink: Sink) -> None:
    """Lets the visit happen: its events go to `sink`."""
    learner = visit.learner
    chance = visit.seed
    if learner.pair:
        # both members of a pair live behind one address
        address = people.home_address(campus_seed, learner.pair & 0xFFFFFF)
    else:
        address = people.address(campus_seed, learner.person, visit.day, chance & 3)
    session = Session(
        sink,
        visit.course,
        learner,
        visit.start,
        address,
        people.MOBILE_AGENT
        if visit.act is watch_on_the_move
        else people.AGENTS[learner.person % len(people.AGENTS)],
        people.LANGUAGES[learner.person % len(people.LANGUAGES)],
        f"{chance:016x}{chance ^ 0x5555:016x}",
    )
    visit.act(session, visit, Random(chance))


# Visits ------------------------------------------------------------------------------------------------


def study(session: Session, visit: Visit, random: Random) -> None:
    """Works through units: pages, videos, problems; looks into forum and progress page now and then."""
    chance = random.random
    course, learner = session.course, session.learner
    habit = learner.habit
    if chance() < 0.4:
        session.nowhere("/login_ajax", '{"POST": {"email": ["*"], "password": ["********"]}, "GET": {}}')
        session.wait(1 + chance() * 3)
        session.nowhere("/dashboard")
        session.wait(2 + chance() * 20)
    session.request("info")
    session.wait(3 + chance() * 30)
    if chance() < habit.reads:
        read_forum(session, visit, random)
    sequential = ""
    for unit in visit.units:
        if unit.sequential != sequential:
            sequential = unit.sequential
            session.request(unit.tail)
            session.page = "https://courses.edx.org" + course.base + unit.tail
            session.wait(0.3 + chance())
        else:
            step(session, unit, chance())
        for block in unit.blocks:
            if isinstance(block, Video):
                if chance() < habit.watches:
                    watch(session, block, random)
                    if session.modern and chance() < 0.05:
                        session.browser(
                            "edx.ui.lms.link_clicked",
                            text(
                                {
                                    "current_url": session.page,
                                    "target_url": "https://courses.edx.org"
                                    + course.base
                                    + course.handler("video", block.url_name, "transcript/download"),
                                }
                            ),
                        )
                        session.wait(1 + chance())
            elif isinstance(block, Problem):
                solve(session, block, random)
            elif block.category == "openassessment":
                write_essay(session, block, random)
            else:
                session.wait(15 + chance() * 100)
    if chance() < 0.35:
        session.request("progress" if chance() < 0.8 else f"progress/{learner.user_id}/", kind=PROGRESS)
        session.wait(4 + chance() * 20)
    if chance() < 0.15:
        session.browser(
            "textbook.pdf.page.navigated",
            text(
                {
                    "page": 1 + int(chance() * 90),
                    "chapter": "/static/book.pdf",
                    "name": "textbook.pdf.page.navigated",
                }
            ),
        )
        session.wait(5 + chance() * 60)
    if chance() < 0.1:
        session.request("wiki/" + course.key.number + "/")
        session.wait(5 + chance() * 60)
    session.browser("page_close", "" if chance() < 0.5 else "{}")


def share_answers(session: Session, visit: Visit, random: Random) -> None:
    """One side of a pair: the harvester reveals answers, the master submits them seconds later."""
    learner, course = session.learner, session.course
    common = Random(mix(learner.pair, 67, visit.day, visit.units[0].position, len(visit.units)))
    harvests = learner.kind == "harvester"
    session.wait(1.5 if harvests else 4)
    session.request(visit.units[0].tail)
    session.page = "https://courses.edx.org" + course.base + visit.units[0].tail
    time = visit.start + 10 * SECOND
    for unit in visit.units:
        for block in unit.blocks:
            if not isinstance(block, Problem):
                continue
            time += int((40 + common.random() * 80) * SECOND)
            pause = int((5 + common.random() * 35) * SECOND)
            session.time = time - 20 * SECOND if harvests else time + pause
            solve(session, block, random, reveal_at=time)
            time += pause + 5 * SECOND
    session.time = max(session.time, time) + 3 * SECOND
    session.browser("page_close", "{}")


def watch_on_the_move(session: Session, visit: Visit, random: Random) -> None:
    """Watches the videos of the units with the mobile app."""
    chance = random.random
    for unit in visit.units:
        for block in unit.blocks:
            if not isinstance(block, Video):
                continue
            position = 0.0
            common = {
                "id": session.course.html_id("video", block.url_name),
                "code": "mobile",
                "course_id": session.course.id,
            }
            session.mobile("edx.video.loaded", "load_video", dict(common))
            session.wait(0.5 + chance())
            for _ in range(1 + int(chance() * 3)):
                at = {"currentTime": round(position, 3), "current_time": round(position, 3)}
                session.mobile("edx.video.played", "play_video", {**common, **at}, PLAY_VIDEO)
                piece = min(block.seconds - position, 20 + chance() * 150)
                session.wait(piece)
                position += piece
                at = {"currentTime": round(position, 3), "current_time": round(position, 3)}
                session.mobile("edx.video.paused", "pause_video", {**common, **at}, PAUSE_VIDEO)
                session.wait(1 + chance() * 9)
                if position >= block.seconds:
                    break
            else:
                continue
            at = {"currentTime": block.seconds, "current_time": block.seconds}
            session.mobile("edx.video.stopped", "stop_video", {**common, **at})


def enrol(session: Session, visit: Visit, random: Random) -> None:
    """Looks at the course's page and enrols; a mode other than the default is told once more."""
    learner, course = session.learner, session.course
    session.request("about")
    session.time = learner.enrolled
    event = {"course_id": course.id, "user_id": learner.user_id, "mode": learner.first_mode}
    session.server("edx.course.enrollment.activated", event, "/change_enrollment", ENROLLMENT)
    if learner.first_mode != "audit":
        session.wait(0.002)
        session.server("edx.course.enrollment.mode_changed", dict(event), "/change_enrollment", ENROLLMENT)
    session.wait(2)
    session.nowhere("/dashboard")


def upgrade(session: Session, visit: Visit, random: Random) -> None:
    """Pays for a verified certificate."""
    learner, course = session.learner, session.course
    clicked = {"mode": "verified"}
    session.server("edx.course.enrollment.upgrade.clicked", clicked, "/course_modes/choose/", ENROLLMENT)
    session.time = learner.upgraded
    event = {"course_id": course.id, "user_id": learner.user_id, "mode": "verified"}
    session.server("edx.course.enrollment.mode_changed", event, "/verify_student/", ENROLLMENT)
    session.wait(0.5)
    session.server("edx.course.enrollment.upgrade.succeeded", dict(event), "/verify_student/", ENROLLMENT)


def drop(session: Session, visit: Visit, random: Random) -> None:
    """Leaves the course."""
    learner, course = session.learner, session.course
    event = {"course_id": course.id, "user_id": learner.user_id, "mode": learner.mode}
    session.server("edx.course.enrollment.deactivated", event, "/change_enrollment", ENROLLMENT)


def write(session: Session, visit: Visit, random: Random) -> None:
    """Writes a post: forum pages before it, the request and the event at the post's own time."""
    post = visit.post
    if post is None:
        raise ValueError("a visit to write needs a post")
    session.request("discussion/forum", kind=FORUM)
    session.wait(10)
    thread = post.thread
    if thread is None:
        session.time = post.time - SECOND
        session.request(
            f"discussion/{post.topic}/threads/create",
            post={"title": [post.title], "body": [post.body], "anonymous": ["false"]},
            kind=FORUM,
        )
        session.time = post.time
        session.server(
            "edx.forum.thread.created", _forum_event(session, post), f"/discussion/{post.topic}/create"
        )
    else:
        session.request(f"discussion/forum/{post.topic}/threads/{thread.id}", get={"ajax": ["1"]}, kind=FORUM)
        session.time = post.time - SECOND
        if post.parent is None:
            session.request(f"discussion/threads/{thread.id}/reply", post={"body": [post.body]}, kind=FORUM)
        else:
            session.request(
                f"discussion/comments/{post.parent.id}/reply", post={"body": [post.body]}, kind=FORUM
            )
        session.time = post.time
        session.server(f"edx.forum.{post.kind}.created", _forum_event(session, post), "/discussion/reply")
        if post.votes:
            session.wait(3)
            session.request(f"discussion/threads/{thread.id}/upvote", kind=FORUM)


def wander(session: Session, visit: Visit, random: Random) -> None:
    """Somebody without an account looks at the course's public pages."""
    for tail in ("about", "info"):
        line = session.event("server", session.course.base + tail, REQUEST, session.course.base + tail, None)
        line["context"]["user_id"] = "" if random.random() < 0.5 else None
        session.sink.put(session.learner, session.time, line, OTHER, session.course.key.slash)
        session.wait(1 + random.random() * 40)


def author(session: Session, visit: Visit, random: Random) -> None:
    """A member of the course team edits the course in Studio."""
    course = session.course
    for path in (f"/course/{course.id}", f"/xblock/{course.usage_key('course', course.key.run)}"):
        kind = HANDLER if path.startswith("/xblock/") else OTHER
        line = session.event("server", path, '{"POST": {}, "GET": {"format": ["concise"]}}', path, None)
        line["host"] = "studio.edx.org"
        session.sink.put(session.learner, session.time, line, kind, course.key.slash)
        session.wait(2 + random.random() * 30)
    session.request("instructor/api/list_course_role_members", get={"rolename": ["staff"]})


# Parts of visits ---------------------------------------------------------------------------------------


def step(session: Session, unit: Unit, chance: float) -> None:
    """On to the next unit of the sequence: by arrow, or by its number."""
    id = session.course.usage_key("sequential", unit.sequential)
    old, new = unit.position - 1, unit.position
    if session.modern and chance < 0.5:
        event = {"id": id, "current_tab": old, "tab_count": unit.units_beside, "widget_placement": "top"}
        session.browser("edx.ui.lms.sequence.next_selected", text(event))
        session.wait(0.02)
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
    course, learner = session.course, session.learner
    usage_key = course.usage_key("problem", problem.url_name)
    module = {"display_name": problem.name, "usage_key": usage_key}
    session.handler("problem", problem.url_name, "xmodule_handler/problem_get")
    result = outcome(learner, problem)
    if result is None:
        session.wait(5 + chance() * 40)
        return
    check = course.base + course.handler("problem", problem.url_name, "xmodule_handler/problem_check")
    for attempt in range(1, result.attempts + 1):
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
                "input_state": dict.fromkeys(made.answers, {}),
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
    if result.shows_answer:
        session.wait(2 + chance() * 20)
        if reveal_at is not None:
            session.time = reveal_at
        session.browser("problem_show", text({"problem": usage_key}))
        session.wait(0.1)
        session.handler("problem", problem.url_name, "xmodule_handler/problem_show")
        session.wait(0.1)
        name = "showanswer" if session.modern or problem.number % 4 else "show_answer"
        show = course.base + course.handler("problem", problem.url_name, "xmodule_handler/problem_show")
        session.server(name, {"problem_id": usage_key}, show, SHOW_ANSWER, module)
    elif chance() < 0.05:
        session.wait(3)
        session.browser("problem_save", submit(course, learner, problem, result, 1).form)
    session.wait(0.5 + chance() * 4)


def read_forum(session: Session, visit: Visit, random: Random) -> None:
    """Opens the forum and some of the newer threads."""
    chance = random.random
    session.request("discussion/forum", kind=FORUM)
    for _ in range(1 + int(chance() * 3)):
        session.wait(3 + chance() * 20)
        thread = visit.forum.thread_before(session.time, int(chance() * 40))
        if thread is None:
            session.request("discussion/forum/General/inline", get={"page": ["1"]}, kind=FORUM)
            break
        session.request(
            f"discussion/forum/{thread.topic}/threads/{thread.id}", get={"ajax": ["1"]}, kind=FORUM
        )
        session.wait(0.01)
        if session.modern:
            session.server("edx.forum.thread.viewed", _forum_event(session, thread), "/discussion/forum/")
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
        points = int(chance() * 4)
        session.server(
            f"openassessmentblock.{kind}_assess",
            {
                "feedback": "",
                "rubric": {"content_hash": hexadecimal(40, course.seed, 73)},
                "scored_at": iso(session.time),
                "score_type": "PE" if kind == "peer" else "SE",
                "scorer_id": hexadecimal(32, learner.seed, 72),
                "parts": [
                    {
                        "option": {"points": points, "name": str(points)},
                        "criterion": {"name": "Ideas", "points_possible": 3},
                        "feedback": "Schön 👍" if kind == "peer" else "",
                    }
                ],
                "submission_uuid": about,
            },
            path,
            OTHER,
            module,
        )
    session.wait(5)


def submission_id(course: Course, learner: int) -> str:
    """The id of a learner's submission to the open-response block of a course."""
    digits = hexadecimal(32, course.seed, 74, learner)
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _forum_event(session: Session, post: Post) -> dict[str, Any]:
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
