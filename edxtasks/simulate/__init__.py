"""The simulated campus: what edX would deliver, for demo, tests and benchmarks.

`simulate(directory, size, seed, workers)` writes raw daily logs, a weekly package and the ledger of what
happened; `Ledger` reads that ledger. See docs/simulated-campus.md.
"""

from edxtasks.simulate.campus import SIZES, CampusSize
from edxtasks.simulate.ledger import Ledger
from edxtasks.simulate.simulation import simulate

__all__ = ["SIZES", "CampusSize", "Ledger", "simulate"]
