"""`doit retire USER…`: take learners who asked to be forgotten out of everything, and keep them away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import read_registry
from edxtasks.commands.ending import FAILED
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.config import Settings, known_courses
from edxtasks.errors import SettingsError
from edxtasks.locks import Lock, wait_at_most
from edxtasks.printable import number, printable_path, quantity, say
from edxtasks.retired import Learner, Retired, note_gone, read_gone, read_retired, write_retired
from edxtasks.retirement.accounts import Named, read_learners
from edxtasks.retirement.removed import Made, Removed
from edxtasks.retirement.sweep import Sweep
from edxtasks.scratch import Scratch, scratch_of, use

_CHECK = {
    "name": "check",
    "long": "check",
    "type": bool,
    "default": False,
    "help": "only look whether anything is left; change nothing",
}
_ORIGINALS = {
    "name": "originals",
    "long": "originals",
    "type": bool,
    "default": False,
    "help": "change the raw logs and packages too, in place; else they are listed and stay",
}


class Retire(DataCommand):
    """Take learners out of logs, dumps, tables and files."""

    name = "retire"
    doc_purpose = "take learners who asked to be forgotten out of all data, for good"
    doc_usage = "[--check] [--originals] USER ..."
    doc_description = (
        "USER is a user name, NAME:ID, or :ID. Rows go from the log directory and the sorted dumps, mentions "
        "in rows of others are blanked; tables and files that hold the learner are removed, also on BigQuery "
        "and in the bucket, and the next run makes them again. Then everything is looked through: status 0 "
        "where nothing is left. Raw logs and packages are listed and stay, unless --originals rewrites them; "
        "what is delivered again brings nobody back."
    )
    takes_words = None
    cmd_options: tuple[dict[str, Any], ...] = (_CHECK, _ORIGINALS)

    def perform(self, request: Request) -> int:
        """Status 1 where anything is left."""
        settings, words = request.settings, request.words
        if not words:
            raise SettingsError("retire needs learners: doit retire USER ...")
        if request.options["check"] and request.options["originals"]:
            raise SettingsError("--check changes nothing, --originals does: one of them")
        wait_at_most(settings.wait)
        locks = settings.engine.state / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (
            use(scratch_of(settings)) as scratch,
            Lock(locks / "retire.lock", "the list of retired learners", say),
        ):
            return _Retiring(settings, words, scratch).run(
                remove=not request.options["check"], originals=bool(request.options["originals"])
            )


@dataclass
class _Retiring:
    """The work of one call."""

    settings: Settings
    words: Sequence[str]
    scratch: Scratch

    def run(self, *, remove: bool, originals: bool) -> int:
        """Take the learners out, or only look; the exit status."""
        settings = self.settings
        courses = known_courses(settings)
        parts = {part for course in courses for part in (course.org, course.number, course.run)}
        named = read_learners(self.words, settings, parts)
        before = read_retired(settings, needed=True)
        learners = [learner for one in named for learner in one.learners]
        retired = before.with_learners(learners)
        unknown = self._unknown(named, before)
        self._tell(named, before)
        if remove:
            write_retired(settings, retired)  # from now on nothing brings them back
        removed, changed = Removed(), Removed()
        if remove:
            removed = self._sweep(retired, learners, remove=True).everything()
            if originals:
                changed = self._sweep(retired, learners, remove=True).originals()
            _tell(removed, changed)
        checking = self._sweep(retired, learners, remove=False)
        left = removed.left_after(checking.everything()) | changed.left
        left |= {f"shard {shard}": "it could not be made anew" for shard in removed.unpublished}
        delivered = checking.originals()
        _tell_delivered(delivered)
        if originals:
            left |= dict.fromkeys(delivered.originals, "it was not rewritten") | delivered.left
        elif delivered.originals:
            names = quantity(len(delivered.originals), "file of the office names", "files of the office name")
            say(
                f"{names} the learner. Such files stay as they are; what is read from them leaves the "
                "learner out. --originals rewrites them"
            )
        if remove:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            removed.left, removed.lines = left, changed.lines
            removed.mentions += changed.mentions
            record = {"when": now, "learners": len(self.words), **removed.record()}
            write_retired(settings, retired, {**record, "originals": len(changed.originals)})
            say(f"{printable_path(settings.paths.retired_list)} keeps them away: keep it, and its key")
        return self._ended(left, unknown, is_changed=bool(removed.tables))

    @cached_property
    def _made(self) -> Made:
        """What runs with these settings make, and so can make again."""
        registry = read_registry(self.settings.engine.state)
        courses = tuple(known_courses(self.settings))
        return Made.of({**registry, **with_overrides(registry, self.settings, courses)})

    def _sweep(self, retired: Retired, learners: Sequence[Learner], *, remove: bool) -> Sweep:
        def note(what: str, when: datetime) -> None:
            note_gone(self.settings, what, when)

        return Sweep(self.settings, retired, learners, self._made, self.scratch, note=note, remove=remove)

    def _unknown(self, named: Sequence[Named], before: Retired) -> int:
        """How many learners nobody knows: no dump, no list, and nothing of the data names them."""
        found = 0
        for at, one in enumerate(named, 1):
            if one.in_accounts or any(before.holds(learner) for learner in one.learners):
                continue
            alone = Retired(before.key).with_learners(one.learners)
            looking = self._sweep(alone, one.learners, remove=False)
            if looking.everything().left or looking.originals().originals:
                continue
            found += 1
            hint = "; one is known in other upper and lower case" if one.in_other_case else ""
            say(
                f"ERROR: learner {at} is in no dump, log, table or file{hint}: look how the data spell the "
                "user name, and which user id they have"
            )
        return found

    def _tell(self, named: Sequence[Named], before: Retired) -> None:
        for at, one in enumerate(named, 1):
            if not one.has_user_id and not any(before.is_complete(learner) for learner in one.learners):
                say(f"learner {at}: no dump has the user id: rows with it alone stay (give NAME:ID)")
            if one.is_usual:
                say(f"learner {at}: the user name is a usual word: mentions cannot be told from it, and stay")

    def _ended(self, left: Mapping[str, str], unknown: int, *, is_changed: bool) -> int:
        for what, when in read_gone(self.settings).items():
            print(f"gone on {when:%Y-%m-%d %H:%M} UTC: {what}")
        for what, reason in left.items():
            print(f"left: {what}: {reason}")
        if left:
            say(f"ERROR: {quantity(len(left), 'place is', 'places are')} left: clean them, and check again")
            return FAILED
        if unknown:
            return FAILED
        print(
            "nothing is left" + ("; the next run makes the tables again: doit weekly" if is_changed else "")
        )
        return 0


def _tell_delivered(found: Removed) -> None:
    for path in found.originals:
        print(f"original: {path}")
    for path, reason in found.left.items():
        print(f"original: {path}: {reason}")


def _tell(removed: Removed, changed: Removed) -> None:
    print(f"log directory: {quantity(removed.rows, 'row')}, {quantity(removed.rejects, 'rejected line')}")
    print(f"sorted dumps: {quantity(removed.records, 'record')}")
    print(f"mentions in rows and records of others: {number(removed.mentions)} blanked")
    for table in removed.tables:
        print(f"removed table {table}")
    for file in removed.files:
        print(f"changed or removed {file}")
    for file in changed.originals:
        print(f"rewritten {file}")
    if changed.originals:
        print(
            f"originals: {quantity(changed.lines, 'line')}, "
            f"{quantity(changed.mentions, 'mention')} in lines of others blanked"
        )
