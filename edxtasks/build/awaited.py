"""Tables that models read where they exist, and that this version does not make yet.

In a warehouse that holds them already (one that was filled by the predecessor, say) they are read; elsewhere
their columns count as absent. A table that gets a model or a loader needs no entry here any more.
"""

from __future__ import annotations

from edxtasks.table import AwaitedFrom, Table
from edxtasks.warehouse.schema import Schema, schema


def _awaited(name: str, columns: Schema) -> Table:
    return Table(name, command="", schema=columns, made=AwaitedFrom())


AWAITED = (
    _awaited(
        "person_course_video_watched",
        schema("""
            user_id INTEGER -- learner
            n_unique_videos_watched INTEGER -- different videos watched
            fract_total_videos_watched FLOAT -- that as a fraction of all videos of the course
        """),
    ),
)
