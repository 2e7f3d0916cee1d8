"""`doit estimate [TASK…]`: what a run would read on BigQuery, and what that costs."""

from __future__ import annotations

import math

from edxtasks.build.estimates import TEBIBYTE, Estimating
from edxtasks.commands.graph_command import GraphCommand
from edxtasks.graph.costs import Cost, costs
from edxtasks.graph.plan import PlannedStatus
from edxtasks.printable import printable_message, quantity

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


class Estimate(GraphCommand):
    """Say what the queries of a run would read, without running any: BigQuery is asked by dry runs."""

    name = "estimate"
    only_looks = True
    doc_purpose = "say what a run would read on BigQuery, and its price"
    doc_usage = "[TASK ...]"
    doc_description = (
        "Without a task: the estimate of weekly. Bytes and US dollars are upper bounds, from the inputs as "
        "they stand. Dry runs and loads are free."
    )

    def _execute(self) -> int:
        settings = self.run.context.settings.warehouse
        if settings.engine != "bigquery":
            print("nothing is billed: the embedded engine runs on this machine")
            return 0
        warehouse: Estimating = self.run.context.warehouse
        found = costs(self.run, warehouse, *self.chosen())
        price, limit = settings.price_per_tebibyte, settings.maximum_bytes_billed
        for one in found:
            print(printable_message(f"{one.planned.value:9} {one.task}: {told(one, price, limit)}"))
        print(_total(found, price))
        return int(any(one.fault for one in found))


def told(cost: Cost, price: float, limit: int | None) -> str:
    """What a task reads, for people. `price` is dollars for 2^40 bytes, `limit` what one query may read."""
    if cost.fault:
        return f"cannot be told: {cost.fault}"
    if cost.estimate is None:
        return f"unknown until {_some(cost.unknown)} is built"
    text = f"at most {size(cost.estimate.bytes)}, {dollars(cost.estimate.dollars(price))}"
    if cost.every_date:
        text += " for all its dates"
    if cost.changing:
        text += f", as its inputs stand ({_some(cost.changing)} before it)"
    if limit is not None and cost.estimate.largest > limit:
        text += f"; a query of {size(cost.estimate.largest)} is over maximum_bytes_billed and will be refused"
    return text


def _total(found: list[Cost], price: float) -> str:
    if not found:
        return "total: nothing to query"
    known = [one.estimate for one in found if one.estimate is not None]
    billed = sum(one.billed for one in known) / TEBIBYTE * price
    told = (
        f"total: at most {size(sum(one.bytes for one in known))}, {dollars(billed)} for "
        f"{quantity(len(known), 'task')}"
    )
    may = sum(one.estimate is not None and one.planned is PlannedStatus.MAY_RUN for one in found)
    if may:
        told += f", {may} of which may run"
    if unknown := sum(bool(one.unknown) for one in found):
        told += f"; {quantity(unknown, 'task')} unknown until their inputs are built"
    if faulty := sum(bool(one.fault) for one in found):
        told += f"; {quantity(faulty, 'task')} that cannot be told"
    return told


def size(number: int) -> str:
    """A number of bytes for people: `12.3 MiB`."""
    value, unit = float(number), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def dollars(amount: float) -> str:
    """An amount for people, rounded up to the cent, since it is a bound: `$0.01`."""
    cents = math.ceil(round(amount * 100, 6))
    return f"${cents / 100:,.2f}"


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(dict.fromkeys(name.partition(":")[0] for name in names[:4]))
    return shown + (" …" if len(names) > 4 else "")
