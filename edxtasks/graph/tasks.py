"""The doit tasks, made from the registry for the courses of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from doit import get_initial_workdir

from edxtasks.build.only_step import of_steps
from edxtasks.build.registry import commands, upstream
from edxtasks.build.research import TABLES as RESEARCH_TABLES
from edxtasks.build.sets import SETS, tables_of_set
from edxtasks.config import known_courses
from edxtasks.course import CourseKey
from edxtasks.graph.arguments import Arguments, Choice, place_as_typed
from edxtasks.graph.log_steps import LogDaysStep, SplitStep
from edxtasks.graph.mongo_steps import MongoLogsStep, UserInfoStep
from edxtasks.graph.research_step import ResearchStep
from edxtasks.graph.selection import Selection
from edxtasks.graph.simulate_step import SimulateStep
from edxtasks.graph.steps import Run, Step
from edxtasks.graph.storage_steps import MirrorStep, StoreShardsStep
from edxtasks.graph.table_step import Role, TableStep
from edxtasks.graph.waldofy_step import Delivery, WaldofyStep
from edxtasks.table import TRACKLOG, Need, PythonModel, Scope, Table

SIMULATE = "simulate"
SPLIT = "split"
WALDOFY = "waldofy"
REST = "rest"
"""Sub-task of `waldofy` for the files of the package that belong to no known course."""
MIRROR = "mirror"
SQL2BQ = "sql2bq"
LOGS2GS = "logs2gs"
LOGS2BQ = "logs2bq"
MONGO2GS = "mongo2gs"
MONGO2USER_INFO = "mongo2user_info"
RESEARCH = "research"
STEP = "step"
"""Key in a task's `meta` for its step; `tolerates` holds the tasks whose failure does not block it."""
TOLERATES = "tolerates"

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    SQL2BQ: (MIRROR,),
    "setup_sql": (MIRROR,),
    "daily_logs": (SPLIT, LOGS2GS, LOGS2BQ),
    "doall": (LOGS2GS, LOGS2BQ, MIRROR),
    "nightly": (LOGS2GS, LOGS2BQ),
    "weekly": (SPLIT, LOGS2GS, LOGS2BQ, MIRROR),
}
"""The tasks that make no table of the registry and that a set of tasks, or a command, is made of too."""
_OF_EACH_COURSE = frozenset({LOGS2BQ, LOGS2GS, MIRROR, MONGO2GS, RESEARCH, WALDOFY})
"""Tasks that make no table of the registry and can be rebuilt, for each course."""

Task = dict[str, Any]


class Graph:
    """All tasks of a run."""

    def __init__(self, run: Run, choice: Choice, words: Arguments) -> None:
        self.run = run
        self._registry = run.context.registry
        self._spellings = choice.spellings
        self._positional = words.after(SPLIT)
        self._named = {word.partition(":")[0] for word in words.words}
        self._made: set[str] = set()
        options = run.context.settings.options
        made = commands(self._registry, options)
        self._commands = of_steps(self._registry, made, options.only_step, words.targets)
        self._asked = Selection(self._registry, self._commands, words.targets, options, choice.named)
        self._force_tables(self._asked.forced, run.context.courses)
        self._made_in_part = {
            table.name
            for table in self._registry.values()
            if self._asked.is_made_where_absent(table) and run.context.state(table, None) is None
        }
        """Tables over all courses that do not exist, and that this run of some courses cannot do without."""

    @classmethod
    def per_course(cls, registry: Mapping[str, Table]) -> list[str]:
        """Names of the tasks with a sub-task a course."""
        tables = [t for t in registry.values() if t.scope is Scope.COURSE and not t.external]
        sets = [
            *SETS,
            LOGS2BQ,
            LOGS2GS,
            MONGO2GS,
            MIRROR,
            MONGO2USER_INFO,
            RESEARCH,
            WALDOFY,
        ]
        return sorted({t.name for t in tables} | _names(tables) | set(sets))

    @classmethod
    def others(cls, registry: Mapping[str, Table]) -> list[str]:
        """Names of the tasks without courses."""
        tables = [t for t in registry.values() if not t.external and not _needs_courses(registry, t)]
        rest = f"{WALDOFY}:{REST}"
        return sorted({SIMULATE, SPLIT, rest} | {t.name for t in tables} | _names(tables))

    @classmethod
    def over_courses(cls, registry: Mapping[str, Table]) -> list[str]:
        """Names of the tasks over all chosen courses."""
        tables = [
            t
            for t in registry.values()
            if t.scope is not Scope.COURSE and not t.external and _needs_courses(registry, t)
        ]
        return sorted({t.task for t in tables} | _names(tables))

    def tasks(self) -> Iterator[Task]:
        """Every task, as doit's loader takes it."""
        yield {
            "basename": SIMULATE,
            "doc": "write a simulated campus into the folder `root`: raw logs, dump, course exports",
            **self._of(SimulateStep(self.run, SIMULATE)),
        }
        yield from self._logs()
        yield from self._mongo()
        yield from self._package()
        yield from self._mirror()
        yield from self._research()
        for table in self._registry.values():
            if not table.external:
                yield from self._table(table)
        for command, tables in self._commands.items():
            yield from self._command(command, tables)
        yield from self._sets()
        yield from self._other_spellings()

    def force(self, words: Iterable[str]) -> None:
        """Mark what the named tasks make (not the inputs that other commands make) to be rebuilt."""
        for word in words:
            base, _, spelling = word.partition(":")
            one = CourseKey.find(spelling) if spelling else None
            courses = (one,) if one is not None else self.run.context.courses
            for task in _MEMBERS.get(base, (base,)):
                if task == SPLIT:
                    self.run.forced.add(SPLIT)
                elif task in _OF_EACH_COURSE:
                    self.run.forced.update(f"{task}:{course}" for course in courses)
            if word in {WALDOFY, f"{WALDOFY}:{REST}"}:
                self.run.forced.add(f"{WALDOFY}:{REST}")
            status = self._asked.as_they_stand
            self._force_tables([name for name in self._asked.tables_of(word) if name not in status], courses)

    def _force_tables(self, names: Iterable[str], courses: Iterable[CourseKey]) -> None:
        for table in (self._registry[name] for name in names):
            scoped = list(courses) if table.scope is Scope.COURSE else [None]
            self.run.forced.update(self.table_task(table, course) for course in scoped)

    # Names

    def table_task(self, table: Table, course: CourseKey | None) -> str:
        """Name of the task that makes one table."""
        base = table.task
        if base in self._commands and self._commands[base] != [base] and not self._is_last(table):
            base = f"{base}.table"
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

    def _logs(self) -> Iterator[Task]:
        yield {
            "basename": SPLIT,
            "doc": "split raw tracking logs into shards of a course and day",
            **self._of(SplitStep(self.run, SPLIT, self._patterns())),
            "pos_arg": "files",
        }
        yield self._head(LOGS2GS, "copy shards to storage, with engine = bigquery")
        yield self._head(LOGS2BQ, "load shards into day tables tracklog_YYYYMMDD")
        for course in self.run.context.courses:
            copy = StoreShardsStep(self.run, f"{LOGS2GS}:{course}", course, asked=LOGS2GS in self._named)
            yield {"basename": LOGS2GS, "name": str(course), **self._of(copy, [SPLIT], {SPLIT})}
            step = LogDaysStep(self.run, f"{LOGS2BQ}:{course}", course)
            yield {"basename": LOGS2BQ, "name": str(course), **self._of(step, [SPLIT], {SPLIT})}

    def _mongo(self) -> Iterator[Task]:
        yield self._head(MONGO2GS, "make shards of logs kept in a MongoDB, a day each")
        yield self._head(MONGO2USER_INFO, "fetch records of learners kept in a MongoDB, for make_uic")
        for course in self.run.context.courses:
            for base, kind in ((MONGO2GS, MongoLogsStep), (MONGO2USER_INFO, UserInfoStep)):
                step = kind(self.run, f"{base}:{course}", course)
                yield {"basename": base, "name": str(course), **self._of(step)}

    def _package(self) -> Iterator[Task]:
        yield self._head(WALDOFY, "sort the weekly package (dump_dir) into directories of courses")
        settings = self.run.context.settings
        # What a run takes as it stands it does not load.
        made = self._asked.targets - self._asked.as_they_stand
        loads = any(_reads_dump(self._registry[name]) for name in made if name in self._registry)
        delivery = Delivery(self.run, [*self.run.context.courses, *known_courses(settings)], loads)
        for course in self.run.context.courses:
            step = WaldofyStep(self.run, f"{WALDOFY}:{course}", delivery, course)
            yield {"basename": WALDOFY, "name": str(course), **self._of(step)}
        rest = WaldofyStep(self.run, f"{WALDOFY}:{REST}", delivery, None)
        yield {"basename": WALDOFY, "name": REST, **self._of(rest)}

    def _mirror(self) -> Iterator[Task]:
        yield self._head(MIRROR, "copy the files of the SQL dump to storage, with engine = bigquery")
        # What this run writes beside the dump comes first.
        writers = [self._registry[name] for name in self._asked.targets if name in self._registry]
        writers = [table for table in writers if table.scope is Scope.COURSE and _writes_files(table)]
        for course in self.run.context.courses:
            needed = sorted(self.table_task(table, course) for table in writers)
            tolerated = set(needed)
            if self.run.context.settings.paths.dump_dir is not None:
                needed.append(f"{WALDOFY}:{course}")
            step = MirrorStep(self.run, f"{MIRROR}:{course}", course)
            yield {"basename": MIRROR, "name": str(course), **self._of(step, needed, tolerated)}

    def _research(self) -> Iterator[Task]:
        yield self._head(RESEARCH, "export tables of a course as csv.gz files to storage")
        for course in self.run.context.courses:
            # What this run builds too comes first; all else is exported as it stands.
            made = [self._registry[name] for name in RESEARCH_TABLES if name in self._asked.targets]
            needed = [self.table_task(table, course) for table in made if not table.external]
            step = ResearchStep(self.run, f"{RESEARCH}:{course}", course)
            yield {"basename": RESEARCH, "name": str(course), **self._of(step, needed, set(needed))}

    def _patterns(self) -> list[str]:
        settings = self.run.context.settings
        typed = self._positional or ([settings.options.tlfn] if settings.options.tlfn else [])
        if typed:
            folder = Path(get_initial_workdir() or ".").resolve()
            return [place_as_typed(pattern, folder) for pattern in typed]
        return [settings.paths.tlfn] if settings.paths.tlfn else []

    def _table(self, table: Table) -> Iterator[Task]:
        if table.scope is Scope.COURSE:
            base = self.table_task(table, None)
            yield self._head(base, table.description)
            for course in self.run.context.courses:
                yield {"basename": base, "name": str(course), **self._build(table, course)}
        else:
            yield {
                "basename": self.table_task(table, None),
                "doc": table.description,
                **self._build(table, None),
            }

    def _build(self, table: Table, course: CourseKey | None) -> Task:
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
        if (
            course is not None
            and _reads_files(table)
            and self.run.context.settings.paths.dump_dir is not None
        ):
            # Where it fails, its files are old ones, or not all: what is made from them stays as it is.
            needed.append(f"{WALDOFY}:{course}")
        role = Role(
            demanded=table.name in self._asked.demanded,
            needed=table.name in self._asked.needed,
            only_for_groups=self._asked.only_groups,
            in_part=table.name in self._made_in_part,
        )
        return self._of(TableStep(self.run, name, table, course, role), needed, tolerated)

    def _input_tasks(self, table: Table, name: str, course: CourseKey | None) -> list[str]:
        courses = [course] if table.scope is Scope.COURSE else list(self.run.context.courses_of(table))
        if name == TRACKLOG:
            return [f"{LOGS2BQ}:{one}" for one in courses]
        source = self._registry[name]
        if source.external:
            return []
        if source.scope is not Scope.COURSE:
            return [self.table_task(source, None)]
        return [self.table_task(source, one) for one in courses]

    def _command(self, command: str, names: list[str]) -> Iterator[Task]:
        """A command that makes several tables, or one of another name: a task that names them."""
        tables = [self._registry[name] for name in names]
        if command in self._made:
            return
        same = next(one for one, made in self._commands.items() if made == names)
        doc = "make " + ", ".join(names) if same == command else f"another name of {same}"
        head = self._head(command, doc)
        yield {**head, **_group([self.table_task(t, None) for t in tables if t.scope is not Scope.COURSE])}
        made = [table for table in tables if table.scope is Scope.COURSE]
        for course in self.run.context.courses if made else ():
            tasks = [self.table_task(table, course) for table in made]
            tasks += [f"{task}:{course}" for task in _MEMBERS.get(command, ())]
            yield {"basename": command, "name": str(course), **_group(tasks)}

    def _sets(self) -> Iterator[Task]:
        for name in SETS:
            yield from self._set(name)

    def _set(self, name: str) -> Iterator[Task]:
        tables = [self._registry[one] for one in tables_of_set(self._registry, name)]
        tables = [table for table in tables if not self.run.context.excluded(table)]
        of_a_course = [table for table in tables if table.scope is Scope.COURSE]
        head = self._head(name, SETS[name].text)
        courses = self.run.context.courses
        options = self.run.context.settings.options
        once = [task for task in _MEMBERS[name] if task == SPLIT]
        of_each = [task for task in _MEMBERS[name] if task != SPLIT]
        if options.skip_log_loading and name in {"doall", "weekly"}:
            of_each = [task for task in of_each if task not in {LOGS2GS, LOGS2BQ}]
        last = [self.table_task(table, None) for table in tables if table not in of_a_course and courses]
        yield {**head, "task_dep": [*once, *last]} if once or last else head
        for course in courses:
            tasks = [f"{task}:{course}" for task in of_each]
            tasks += [self.table_task(table, course) for table in of_a_course]
            yield {"basename": name, "name": str(course), **_group([*once, *tasks])}

    def _other_spellings(self) -> Iterator[Task]:
        """`task:course-v1:…` as it stands on the command line: another name of the same task."""
        for word, course in self._spellings.items():
            base, _, spelling = word.partition(":")
            yield {"basename": base, "name": spelling, **_group([f"{base}:{course}"])}

    def _head(self, base: str, doc: str) -> Task:
        self._made.add(base)
        return {"basename": base, "name": None, "doc": _first_sentence(doc) or base}

    def _of(self, step: Step, needed: list[str] | None = None, tolerated: set[str] | None = None) -> Task:
        return {
            "actions": [step.work],
            "uptodate": [step],
            "task_dep": needed or [],
            "targets": step.targets(),
            "meta": {STEP: step, TOLERATES: frozenset(tolerated or ())},
            "verbosity": 2,
        }


def _needs_courses(registry: Mapping[str, Table], table: Table) -> bool:
    """Whether a table is one of a course, or of several, or made from such."""
    return table.scope is not Scope.WAREHOUSE or any(
        registry[name].scope is not Scope.WAREHOUSE for name in upstream(registry, [table.name]) - {TRACKLOG}
    )


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _writes_files(table: Table) -> bool:
    return isinstance(table.builder, PythonModel) and bool(table.builder.outputs)


def _reads_dump(table: Table) -> bool:
    return table.scope is Scope.COURSE and _reads_files(table)


def _reads_files(table: Table) -> bool:
    return isinstance(table.builder, PythonModel) and table.builder.sources is not None


def _names(tables: Iterable[Table]) -> set[str]:
    """The names of all commands that make tables, whatever the options."""
    return {command.name for table in tables for command in table.commands}


def _group(tasks: Iterable[str]) -> Task:
    return {"actions": None, "task_dep": list(dict.fromkeys(tasks)), "uptodate": [True]}
