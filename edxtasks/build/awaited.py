"""Tables that models read where they exist, and that this version does not make yet: none at present.

In a warehouse that holds them already (one that was filled by the predecessor, say) they are read; elsewhere
their columns count as absent. A table that gets a model or a loader needs no entry here any more.
"""

from __future__ import annotations

from edxtasks.table import Table

AWAITED: tuple[Table, ...] = ()
