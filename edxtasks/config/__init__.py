"""Settings and options: read from a configuration file, the environment and the command line."""

from edxtasks.config.configuration_files import python_name
from edxtasks.config.courses import WithoutTable, chosen_courses, known_courses, written_courses
from edxtasks.config.load_settings import (
    DEFAULT_FILE,
    load_project,
    load_settings,
    required,
    setting_of,
    with_options,
)
from edxtasks.config.options import WITHOUT_EFFECT, Options, TimeOnTask
from edxtasks.config.settings import (
    OPTIONS,
    OTHER_NAMES,
    SETTINGS,
    VARIABLES,
    Engine,
    Entry,
    Mongo,
    Paths,
    Settings,
    Storage,
    Warehouse,
)

__all__ = [
    "DEFAULT_FILE",
    "OPTIONS",
    "OTHER_NAMES",
    "SETTINGS",
    "VARIABLES",
    "WITHOUT_EFFECT",
    "Engine",
    "Entry",
    "Mongo",
    "Options",
    "Paths",
    "Settings",
    "Storage",
    "TimeOnTask",
    "Warehouse",
    "WithoutTable",
    "chosen_courses",
    "known_courses",
    "load_project",
    "load_settings",
    "python_name",
    "required",
    "setting_of",
    "with_options",
    "written_courses",
]
