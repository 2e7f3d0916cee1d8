"""The table `report.person_course_deidentified`: person_course of all chosen courses, fit to be shared.

Pseudonyms in place of accounts, and at least k learners with the same in all that may be known of them:
docs/deidentify.md tells what is published, what protects, and what does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edxtasks.deidentification.behaviour import COLUMNS, chosen
from edxtasks.deidentification.key import release_key
from edxtasks.deidentification.quasi_identifiers import Place
from edxtasks.deidentification.reading import registrations, tell
from edxtasks.deidentification.release import attributes_of, make_release
from edxtasks.geolocation.regions import read_regions, regions_file
from edxtasks.printable import quantity
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Scope, Table
from edxtasks.warehouse.checks import Check
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import Column, Schema, schema


def sources(of: Instance) -> dict[str, Path | None]:
    """The regions of countries. Raises `InputError` where the setting names a file that is not there."""
    return {"geographic_regions": regions_file(of.settings)}


def marks(of: Instance) -> dict[str, str]:
    """What else the rows hang on: key and release, by a check value.

    Raises `SettingsError` where there is no key that may be used, no release, or a column that is none.
    """
    chosen(of.settings.deidentify_columns)
    return {"key or release": release_key(of.settings).check_value()}


def build(inputs: BuildInputs) -> Content:
    """The rows of the release, in the order of the pseudonyms. Raises as `sources` and `marks` do."""
    settings = inputs.settings
    key = release_key(settings)
    regions = read_regions(inputs.file("geographic_regions"), inputs.messages)
    places: Mapping[str, Place] = {
        code: Place(region.continent, region.un_region) for code, region in regions.items()
    }
    made_of = registrations(inputs, chosen(settings.deidentify_columns))
    release = make_release(made_of, key, attributes_of(places), settings.deidentify_k)
    tell(inputs.messages, release, settings.minimum_cell)
    if not release.learners:
        inputs.messages.add(
            f"no {quantity(settings.deidentify_k, 'learner has', 'learners have')} the same "
            "courses: nothing can be published"
        )
    return release.rows()


_ATTRIBUTES = schema("""
    pseudonym STRING -- the learner: the same over all courses of a release, another in each release
    course_id STRING -- course key, ORG/NUMBER/RUN
    gender STRING -- f, m or o; NULL, here and below: not known, or not told
    LoE STRING -- level of education in words, or only whether it is a degree
    YoB STRING -- five or ten years in which the year of birth lies
    country STRING -- country by address, else as given, two-letter code
    continent STRING -- its continent, also where the country is not told
    un_region STRING -- its region of the United Nations, also where country or continent are not told
    nforum_posts STRING -- posts in the forum of the course: 0, 1-4, 5-19, 20 or more, or only 1 or more
""")

_UNCHOSEN = "; NULL where deidentify_columns leaves it out"

TABLE = Table(
    command="deidentify",
    required_when_named=True,
    scope=Scope.GROUP,
    grain="pseudonym, course_id",
    files=("person_course_deidentified.csv.gz",),
    file_form="True/False",
    schema=Schema(
        (
            *_ATTRIBUTES,
            *(Column(name, one.type, one.meaning + _UNCHOSEN) for name, one in COLUMNS.items()),
        )
    ),
    inputs={"person_course": Need.REQUIRED, "courses.staff": Need.OPTIONAL},
    checks=(
        Check(
            "no_small_group",
            "COUNT(*) OVER (PARTITION BY course_id, gender, LoE, YoB, country, continent, un_region, "
            "nforum_posts) >= @deidentify_k",
            error=True,
        ),
    ),
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        marks=marks,
        reads={
            "setting:geographic_regions": Need.REQUIRED,
            "setting:deidentify_key_file": Need.REQUIRED,
            "setting:deidentify_release": Need.REQUIRED,
        },
        settings=("deidentify_k", "deidentify_columns"),
    ),
)
