"""What a task makes and from what, as the graph on paper names it.

A table of a course is plain, that of another dataset `report:NAME`, `courses.NAME`, `geocode.NAME`;
`file:NAME` is a file of the dump, of the logs or beside them, `gs:NAME` one in the storage, `setting:NAME` a
setting, or the file that it names (`setting:mongo` the database of the section). What has many names stands
there once: `tracklog_YYYYMMDD`, `<source>`, `*`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edxtasks.table import TRACKLOG, Need

DAY_TABLES = f"{TRACKLOG}_YYYYMMDD"
"""All day tables of a course."""
SHARD = "file:tracklog-DATE.json.gz"
STORED_SHARD = "gs:DAILY/tracklog-DATE.json.gz"


@dataclass(frozen=True)
class Made:
    """Things that are made together from the same inputs.

    `scope` is what there is one of each for: course, group, warehouse, package, file, day.
    """

    scope: str
    outputs: Sequence[str]
    inputs: Mapping[str, Need] = field(default_factory=dict)
