"""What learners do: the visits of a day, and the events of a visit."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from edxtasks.simulate import activities, people, planted
from edxtasks.simulate.chance import fraction, mix
from edxtasks.simulate.clock import DAY, HOUR, MINUTE, SECOND
from edxtasks.simulate.courses import Block, Course, Problem, Video
from edxtasks.simulate.events import (
    ENROLLMENT,
    FORUM,
    OTHER,
    PAUSE_VIDEO,
    PLAY_VIDEO,
    PROGRESS,
    REQUEST,
    Session,
    Sink,
    text,
)
from edxtasks.simulate.forum import Forum
from edxtasks.simulate.learners import Learner, on_the_move, units_of_day
from edxtasks.simulate.visit import Visit

LONGEST_VISIT = 2 * HOUR
"""No visit lasts longer; so only visits that start in the last two hours of a day can pass midnight."""

UNITS_PER_VISIT = 8


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
        activities.read_forum(session, visit.forum, random)
    sequential = ""
    for unit in visit.units:
        if unit.sequential != sequential:
            sequential = unit.sequential
            session.request(unit.tail)
            session.page = "https://courses.edx.org" + course.base + unit.tail
            session.wait(0.3 + chance())
        else:
            activities.step(session, unit, chance())
        for block in unit.blocks:
            _meet(session, block, random)
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


def _meet(session: Session, block: Block, random: Random) -> None:
    """Watches, solves, writes or reads what a unit holds."""
    chance = random.random
    course = session.course
    if isinstance(block, Video):
        if chance() < session.learner.habit.watches:
            activities.watch(session, block, random)
            if session.modern and chance() < 0.12:
                transcript = course.base + course.handler("video", block.url_name, "transcript/download")
                link = {
                    "current_url": session.page,
                    "target_url": f"https://courses.edx.org{transcript}",
                }
                session.browser("edx.ui.lms.link_clicked", text(link))
                session.wait(1 + chance())
    elif isinstance(block, Problem):
        activities.solve(session, block, random)
    elif block.category == "openassessment":
        activities.write_essay(session, block, random)
    else:
        session.wait(15 + chance() * 100)


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
            activities.solve(session, block, random, reveal_at=time)
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
            "edx.forum.thread.created",
            activities.forum_event(session, post),
            f"/discussion/{post.topic}/create",
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
        session.server(
            f"edx.forum.{post.kind}.created", activities.forum_event(session, post), "/discussion/reply"
        )
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
        line = session.event("server", path, '{"POST": {}, "GET": {"format": ["concise"]}}', path, None)
        line["host"] = "studio.edx.org"
        session.sink.put(session.learner, session.time, line, OTHER, course.key.slash)
        session.wait(2 + random.random() * 30)
    session.request("instructor/api/list_course_role_members", get={"rolename": ["staff"]})
