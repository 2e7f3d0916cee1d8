"""doit's own commands that only print, with an ending for people: a closed pipe is not an error, and they
write no caches."""

from __future__ import annotations

from doit.cmd_info import Info as DoitInfo
from doit.cmd_list import List as DoitList

from edxtasks.commands.ending import EndsWell


class Info(EndsWell, DoitInfo):  # type: ignore[misc]
    """Tell what doit knows of a task."""

    name = "info"
    only_looks = True


class List(EndsWell, DoitList):  # type: ignore[misc]
    """Name the tasks."""

    name = "list"
    only_looks = True
