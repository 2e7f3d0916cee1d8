"""The table `item_irt_grm_R`: parameters of a graded response model that R's mirt has fitted.

An outside program makes it; it is read where it exists.
"""

from edxtasks.table import Table
from edxtasks.warehouse.schema import schema

TABLE = Table(
    grain="problem_nid, cutnum",
    schema=schema("""
    irt_diff FLOAT -- difficulty of the cut
    irt_disc FLOAT -- discrimination of the problem
    diff_se FLOAT -- standard error of the difficulty
    disc_se FLOAT -- standard error of the discrimination
    problem_nid INTEGER -- number of the problem in the course
    cutnum INTEGER -- number of the cut, from 1
    """),
)
