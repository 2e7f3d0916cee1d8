"""The table `person_theta_R`: abilities of learners by a model that R's mirt has fitted.

An outside program makes it; it is read where it exists.
"""

from edxtasks.table import Table
from edxtasks.warehouse.schema import schema

TABLE = Table(
    grain="user_id",
    schema=schema("""
    user_id INTEGER -- account id of the learner
    theta FLOAT -- ability
    thetase FLOAT -- its standard error
    """),
)
