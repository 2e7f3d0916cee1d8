"""The doit tasks, made from the registry for the courses of a run."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from edxtasks.build.inputs import may_have_nothing_to_read
from edxtasks.build.only_step import of_steps
from edxtasks.build.registry import chosen_by, commands, upstream
from edxtasks.build.sets import SETS, WHOLE, tables_of_set
from edxtasks.course import CourseKey
from edxtasks.graph.arguments import Arguments, Choice, TaskKinds, base_of
from edxtasks.graph.selection import Selection
from edxtasks.graph.successes import Mark, already_successful, remarks_on
from edxtasks.graph.table_step import Role, TableStep
from edxtasks.graph.without_effect import Reach, reach_of, read_without_table
from edxtasks.printable import listed
from edxtasks.steps.step import Run, Step
from edxtasks.steps.task import DUMP, Task, TaskOfRun
from edxtasks.table import TRACKLOG, Need, Scope, Table

_SHOWN_TABLES = 6
"""Tables that the line of a command names."""

STEP = "step"
"""Key in a task's `meta` for its step; `tolerates` holds the tasks whose failure does not block it."""
TOLERATES = "tolerates"
ONLY_AFTER = "only after"
"""Key in a task's `meta` for tasks that it waits for, and is made from none of."""
MARK = "mark"
"""Key in the `meta` of a set of a course that is remembered to have succeeded: a `Mark`."""

DoitTask = dict[str, Any]


def task_kinds(registry: Mapping[str, Table], tasks: Mapping[str, Task]) -> TaskKinds:
    """The names of all tasks, by whether they are made for courses."""
    made = [table for table in registry.values() if not table.external]
    of_a_course = [table for table in made if table.scope is Scope.COURSE]
    over = [table for table in made if table.scope is not Scope.COURSE and _needs_courses(registry, table)]
    without = [table for table in made if not _needs_courses(registry, table)]
    each = {name for task in tasks.values() if not task.once for name in task.names}
    once = {name for task in tasks.values() if task.once for name in task.names}
    parts = [(f"{task.name}:{part}", task.parts_last) for task in tasks.values() for part in task.parts]
    once |= {part for part, last in parts if not last}
    return TaskKinds(
        per_course=sorted({table.name for table in of_a_course} | _names(of_a_course) | {*SETS} | each),
        over_courses=sorted(
            {table.task for table in over} | _names(over) | {part for part, last in parts if last}
        ),
        others=sorted(once | {table.name for table in without} | _names(without)),
    )


class Graph:
    """All tasks of a run."""

    def __init__(self, run: Run, tasks: Mapping[str, Task], choice: Choice, words: Arguments) -> None:
        self.run = run
        self._registry = run.context.registry
        self._tasks = tasks
        self._words = words
        self._spellings = choice.spellings
        self._bases = {*SETS, *tasks, *(name for task in tasks.values() for name in task.names)}
        self._named = {base_of(word, self._bases)[0] for word in words.words}
        self._made: set[str] = set()
        self._task_bases: dict[str, str] = {}
        self._names_files = any(word.startswith(os.sep) for word in words.words)
        options = run.context.settings.options
        made = commands(self._registry, options)
        made |= {task.name: made.get(task.stands_for, []) for task in tasks.values() if task.stands_for}
        steps = of_steps(self._registry, made, options, words.targets)
        self._commands = steps.commands
        needs = {name: task.all_needs(self._registry) for name, task in tasks.items()}
        self._asked = Selection(self._registry, steps, words.targets, options, choice.named, needs)
        left_out = already_successful(run.context, self._named)
        self._left_out = set(left_out)
        self.remarks = [
            *steps.remarks,
            *remarks_on(run.context, left_out),
        ]
        """What people should know of the options of the run."""
        self._force_tables(self._asked.forced, run.context.courses)
        self._made_in_part = {
            table.name
            for table in self._registry.values()
            if self._asked.is_made_where_absent(table) and run.context.state(table, None) is None
        }
        """Tables over all courses that do not exist, and that this run of some courses cannot do without."""

    def tasks(self) -> Iterator[DoitTask]:
        """Every task, as doit's loader takes it."""
        for task in self._tasks.values():
            if not task.stands_for:
                yield from self._task(task)
        for table in self._registry.values():
            if not table.external:
                yield from self._table(table)
        for command, tables in self._commands.items():
            yield from self._command(command, tables)
        for name in SETS:
            yield from self._set(name)
        yield from self._other_spellings()

    def force(self, words: Iterable[str]) -> None:
        """Mark what the named tasks make (not the inputs that other commands make) to be rebuilt.

        A command that makes more tables with `force_recompute` is not forced by it, except with a course
        behind.
        """
        chosen = chosen_by(self._registry, "force_recompute")
        for word in words:
            if word in chosen:
                continue
            base, spelling = base_of(word, self._bases)
            one = CourseKey.find(spelling) if spelling else None
            courses = (one,) if one is not None else self.run.context.courses
            for task in self._members(base) or self._called(base):
                if task.redone:
                    self.run.forced.update(self._names_of(task, courses))
                    parts = (f"{task.name}:{part}" for part in task.parts)
                    self.run.forced.update(part for part in parts if word in {base, part})
            status = self._asked.as_they_stand
            self._force_tables([name for name in self._asked.tables_of(word) if name not in status], courses)

    def _force_tables(self, names: Iterable[str], courses: Iterable[CourseKey]) -> None:
        for table in (self._registry[name] for name in names):
            scoped = list(courses) if table.scope is Scope.COURSE else [None]
            self.run.forced.update(self.table_task(table, course) for course in scoped)

    def reach(self) -> Reach | None:
        """What the run may do; None where the words of the line name no task, or a pattern does."""
        named = frozenset(base_of(word, self._bases)[0] for word in self._words.targets or (WHOLE,))
        read = read_without_table(self._registry, self._asked.targets)
        begun = [task for task in self._tasks.values() if task.makes in read]
        begun += (task for name in named for task in (*self._members(name), *self._called(name)))
        tasks = self._with_needed(begun)
        if any("*" in word for word in named) or not (tasks or self._asked.targets):
            return None
        commands = {"run", *self._words.words[:1]} - named  # a plan takes the line of the run that it tells
        options = self.run.context.settings.options
        return reach_of(self._registry, self._asked.targets, tasks, options, named | commands)

    def _with_needed(self, tasks: Iterable[Task]) -> list[Task]:
        """Tasks without a table, and those that they need."""
        found: dict[str, Task] = {}
        waiting = list(tasks)
        while waiting:
            task = waiting.pop()
            if task.name not in found:
                found[task.name] = task
                waiting += filter(None, map(self._maker, task.all_needs(self._registry)))
        return list(found.values())

    # Names

    def table_task(self, table: Table, course: CourseKey | None) -> str:
        """Name of the task that makes one table."""
        base = self._task_bases.get(table.name)
        if base is None:
            base = table.task
            if base in self._commands and self._commands[base] != [base] and not self._is_last(table):
                base = f"{base}.table"
            self._task_bases[table.name] = base
        return base if course is None else f"{base}:{course}"

    def _is_last(self, table: Table) -> bool:
        """Whether a table's inputs include all other tables of its command: then it is the command."""
        reached: set[str] = set()
        waiting = [table.name]
        while waiting:
            for name, need in self._registry[waiting.pop()].inputs.items():
                if name != TRACKLOG and need is not Need.BORROWED and name not in reached:
                    reached.add(name)
                    waiting.append(name)
        return set(self._commands[table.name]) - {table.name} <= reached

    # Kinds of tasks

    def _task(self, task: Task) -> Iterator[DoitTask]:
        """A task that makes no table: once, or for each course; and its other names."""
        files = tuple(self._words.after(task.name)) if task.takes_files else ()
        shared: dict[str, Any] = {}
        makes = frozenset(self._asked.targets - self._asked.as_they_stand)  # the rest it does not load
        asked = task.name in self._named
        needs = task.all_needs(self._registry)

        def doit_task(course: CourseKey | None, part: str = "") -> DoitTask:
            name = ":".join(filter(None, (task.name, part, str(course or ""))))
            assert task.step is not None
            step = task.step(TaskOfRun(self.run, name, course, part, asked, files, makes, shared))
            needed = self._needed(needs, task.once, course)
            if part and task.parts_last:
                courses = self.run.context.courses
                before = self._names_of(task, courses)
                for table in sorted(self._asked.targets) if asked else ():
                    before += self._tasks_for(table, Need.BORROWED, courses)
                needed = dict.fromkeys(before, Need.OPTIONAL)
            tolerated = {name for name, need in needed.items() if need is not Need.REQUIRED}
            return self._of(step, list(needed), tolerated)

        if task.once:
            words = {"pos_arg": "files"} if task.takes_files else {}
            yield {"basename": task.name, "doc": task.text, **doit_task(None), **words}
        else:
            yield self._head(task.name, task.text)
            for course in self.run.context.courses:
                yield {"basename": task.name, "name": str(course), **doit_task(course)}
        for part in task.parts:
            yield {"basename": task.name, "name": part, **doit_task(None, part)}
        for alias in task.aliases:
            yield from self._group_of(alias, f"another name of {task.name}", [], [task])

    def _needed(self, needs: Mapping[str, Need], once: bool, course: CourseKey | None) -> dict[str, Need]:
        """The tasks that a task waits for, and how it needs them; of a sub-task of no course none."""
        if course is None and not once:
            return {}
        courses = [course] if course is not None else self.run.context.courses
        return {name: need for one, need in needs.items() for name in self._tasks_for(one, need, courses)}

    def _tasks_for(self, name: str, need: Need, courses: Sequence[CourseKey]) -> list[str]:
        """The tasks that give what a task needs for these courses."""
        table = self._registry.get(name)
        if table is None:
            task = self._maker(name)
            if task is None or (need is Need.BORROWED and task.name not in self._named):
                return []
            return self._names_of(task, courses)
        if table.external or self.run.context.excluded(table):
            return []
        if need is Need.BORROWED and name not in self._asked.targets:
            return []
        if table.scope is not Scope.COURSE:
            return [self.table_task(table, None)]
        return [self.table_task(table, course) for course in courses]

    def _maker(self, name: str) -> Task | None:
        """The task of a name, or the one that makes what is called so; None where it has nothing to do."""
        found = self._tasks.get(name) or next(
            (task for task in self._tasks.values() if task.makes == name), None
        )
        active = found is not None and (found.active is None or found.active(self.run.context.settings))
        return found if active else None

    def _names_of(self, task: Task, courses: Iterable[CourseKey]) -> list[str]:
        return [task.name] if task.once else [f"{task.name}:{course}" for course in courses]

    def _members(self, group: str) -> list[Task]:
        """The tasks without table that a set or command is made of."""
        options = self.run.context.settings.options
        return [task for task in self._tasks.values() if group in task.groups(options)]

    def _called(self, name: str) -> list[Task]:
        return [task for task in self._tasks.values() if name in task.names]

    def _table(self, table: Table) -> Iterator[DoitTask]:
        if table.scope is Scope.COURSE:
            base = self.table_task(table, None)
            yield self._head(base, table.description)
            for course in self.run.context.courses:
                yield {"basename": base, "name": str(course), **self._build(table, course)}
        else:
            yield {
                "basename": self.table_task(table, None),
                "doc": _first_sentence(table.description),
                **self._build(table, None),
            }

    def _build(self, table: Table, course: CourseKey | None) -> DoitTask:
        name = self.table_task(table, course)
        if table.name in self._asked.as_they_stand - self._made_in_part:
            return self._of(TableStep(self.run, name, table, course, Role(as_it_stands=True)))
        needed: list[str] = []
        tolerated: set[str] = set()
        of_each_course = table.scope is not Scope.COURSE
        for source, need in table.inputs.items():
            # A borrowed input is never built for this table; where the run builds it anyway, it comes first.
            if self.run.context.left_out(table, source) or (
                need is Need.BORROWED and source not in self._asked.targets
            ):
                continue
            for task in self._input_tasks(table, source, course):
                needed.append(task)
                # One course's failure never holds up a table over all: its old table, or none, is taken.
                one_of_many = of_each_course and self._registry[source].scope is Scope.COURSE
                if need is not Need.REQUIRED or one_of_many:
                    tolerated.add(task)
        if course is not None and table.reads_files:
            # Where it fails, the files are old ones, or not all: what is made from them stays as it is.
            needed += self._tasks_for(DUMP, Need.REQUIRED, [course])
        only_after = [] if course is None else [*self._bringing(table, course, needed)]
        role = Role(
            demanded=table.name in self._asked.demanded,
            needed=table.name in self._asked.needed,
            only_for_groups=self._asked.only_groups,
            in_part=table.name in self._made_in_part,
        )
        step = TableStep(self.run, name, table, course, role)
        return self._of(step, needed, tolerated, only_after)

    def _bringing(self, table: Table, course: CourseKey, needed: Sequence[str]) -> Iterator[str]:
        """The tasks of this run that bring logs and dump of a course, for a table that is made of no course
        of which there is nothing: else the order of tasks would decide whether it is made."""
        if not may_have_nothing_to_read(table):
            return
        for source, comes in ((TRACKLOG, self._loads_logs), (DUMP, self._sorts_dump)):
            if comes:
                tasks = self._tasks_for(source, Need.REQUIRED, [course])
                yield from (task for task in tasks if task not in needed)

    @cached_property
    def _loads_logs(self) -> bool:
        """Whether this run loads log days: a table of them is made, or a person asks for that."""
        return self._brings(TRACKLOG) or any(TRACKLOG in one.inputs for one in self._made_here())

    @cached_property
    def _sorts_dump(self) -> bool:
        """Whether this run sorts the dump: a table of its files is made, or a person asks for that."""
        return self._brings(DUMP) or any(one.reads_files for one in self._made_here())

    def _brings(self, name: str) -> bool:
        task = self._maker(name)
        groups = task.groups(self.run.context.settings.options) if task is not None else ()
        return task is not None and bool(self._named & {*task.names, *groups})

    def _made_here(self) -> Iterator[Table]:
        names = self._asked.targets - self._asked.as_they_stand - {TRACKLOG}
        return (self._registry[name] for name in names)

    def _input_tasks(self, table: Table, name: str, course: CourseKey | None) -> list[str]:
        courses = [course] if course is not None else list(self.run.context.courses_of(table))
        if name == TRACKLOG:
            return self._tasks_for(TRACKLOG, Need.REQUIRED, courses)
        source = self._registry[name]
        if source.external:
            return []
        if source.scope is not Scope.COURSE:
            return [self.table_task(source, None)]
        return [self.table_task(source, one) for one in courses]

    def _command(self, command: str, names: list[str]) -> Iterator[DoitTask]:
        """A command that makes several tables, or one of another name: a task that names them."""
        if command in self._made:
            return
        same = next(one for one, made in self._commands.items() if made == names)
        tables = [self._registry[name] for name in names]
        shown = [table.task for table in tables if not table.internal] or names
        doc = f"make {listed(shown, _SHOWN_TABLES)}" if same == command else f"another name of {same}"
        yield from self._group_of(command, doc, tables, self._members(command))

    def _set(self, name: str) -> Iterator[DoitTask]:
        tables = [self._registry[one] for one in tables_of_set(self._registry, name)]
        tables = [table for table in tables if not self.run.context.excluded(table)]
        if not self.run.context.courses:  # an empty list: a set has no table over courses then
            tables = [table for table in tables if table.scope is Scope.COURSE]
        marked = SETS[name].marked
        for task in self._group_of(name, SETS[name].text, tables, self._members(name)):
            course = CourseKey.find(task["name"] or "") if marked else None
            if course is None:
                yield task
            elif (name, course) in self._left_out:
                yield {**task, **_group([])}
            else:
                yield {**task, "meta": {MARK: Mark(self.run.context, name, course)}}

    def _group_of(
        self, name: str, doc: str, tables: Sequence[Table], tasks: Sequence[Task]
    ) -> Iterator[DoitTask]:
        """A name for several tasks: with a sub-task for each course that has its own of them."""
        courses = self.run.context.courses
        of_a_course = [table for table in tables if table.scope is Scope.COURSE]
        over = [self.table_task(table, None) for table in tables if table.scope is not Scope.COURSE]
        once = [task.name for task in tasks if task.once]
        each = [task for task in tasks if not task.once]
        yield {**self._head(name, doc), **_group([*once, *over])}
        for course in courses if of_a_course or each else ():
            members = [f"{task.name}:{course}" for task in each]
            members += [self.table_task(table, course) for table in of_a_course]
            yield {"basename": name, "name": str(course), **_group([*once, *members])}

    def _other_spellings(self) -> Iterator[DoitTask]:
        """`task:course-v1:…` as it stands on the command line: another name of the same task."""
        for word, course in self._spellings.items():
            base, spelling = base_of(word, {*self._bases, *self._commands, *self._registry})
            yield {"basename": base, "name": spelling, **_group([f"{base}:{course}"])}

    def _head(self, base: str, doc: str) -> DoitTask:
        self._made.add(base)
        return {"basename": base, "name": None, "doc": _first_sentence(doc) or base}

    def _of(
        self,
        step: Step,
        needed: Sequence[str] = (),
        tolerated: Collection[str] = (),
        only_after: Sequence[str] = (),
    ) -> DoitTask:
        return {
            "actions": [step.work],
            "uptodate": [step],
            "task_dep": [*needed, *only_after],
            # A file may be named in place of the task that makes it. To say where the files of tens of
            # thousands of tasks are takes as long as to look whether they are fresh.
            "targets": step.targets() if self._names_files else [],
            "meta": {
                STEP: step,
                TOLERATES: frozenset((*tolerated, *only_after)),
                ONLY_AFTER: frozenset(only_after),
            },
            "verbosity": 2,
        }


def _needs_courses(registry: Mapping[str, Table], table: Table) -> bool:
    """Whether a table is one of a course, or of several, or made from such."""
    return table.scope is not Scope.WAREHOUSE or any(
        registry[name].scope is not Scope.WAREHOUSE for name in upstream(registry, [table.name]) - {TRACKLOG}
    )


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _names(tables: Iterable[Table]) -> set[str]:
    """The names of all commands that make tables, whatever the options."""
    return {command.name for table in tables for command in table.commands}


def _group(tasks: Iterable[str]) -> DoitTask:
    return {"actions": None, "task_dep": list(dict.fromkeys(tasks)), "uptodate": [True]}
