"""The table `report.deidentification`: what is lost in the data to be shared, and which numbers moved.

A line for each number, of the full table and of the published one. None of them speaks of few learners.
"""

from __future__ import annotations

from pathlib import Path

from edxtasks.deidentification.behaviour import chosen
from edxtasks.deidentification.comparison import compare
from edxtasks.deidentification.quasi_identifiers import Place
from edxtasks.deidentification.reading import full_sample, published_sample, registrations
from edxtasks.deidentification.release import attributes_of
from edxtasks.geolocation.regions import read_regions, regions_file
from edxtasks.messages import Messages
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Scope, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema

RELEASE = "report.person_course_deidentified"


def sources(of: Instance) -> dict[str, Path | None]:
    """The regions of countries. Raises `InputError` where the setting names a file that is not there."""
    return {"geographic_regions": regions_file(of.settings)}


def build(inputs: BuildInputs) -> Content:
    """The lines of the report."""
    regions = read_regions(inputs.file("geographic_regions"), Messages())
    attributes = attributes_of(
        {code: Place(region.continent, region.un_region) for code, region in regions.items()}
    )
    behaviour = chosen(inputs.settings.deidentify_columns)
    made_of = registrations(inputs, behaviour, exact=True)
    published = published_sample(inputs, RELEASE, made_of.names, attributes, behaviour)
    return [
        {
            "part": line.part,
            "of_what": line.of,
            "measure": line.measure,
            "full_table": line.full,
            "published": line.published,
        }
        for line in compare(full_sample(made_of), published, attributes, inputs.settings.minimum_cell)
    ]


TABLE = Table(
    command="deidentify",
    scope=Scope.GROUP,
    grain="part, of_what, measure",
    files=("deidentification.csv",),
    schema=schema("""
        part STRING -- size, generalised, rates, means, correlations, l-diversity, singled out
        of_what STRING -- column, two columns, course, or all courses
        measure STRING -- what is counted or computed
        full_table FLOAT -- of all learners in person_course; NULL: of fewer than minimum_cell, or none
        published FLOAT -- of the published rows; counts are multiples of minimum_cell
    """),
    inputs={
        "person_course": Need.REQUIRED,
        "courses.staff": Need.OPTIONAL,
        RELEASE: Need.REQUIRED,
    },
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"setting:geographic_regions": Need.REQUIRED},
        settings=("deidentify_columns", "minimum_cell"),
    ),
)
