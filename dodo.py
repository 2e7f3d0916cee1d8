"""The graph of edxtasks for doit: every table and documented file is a task.

`doit list` names the tasks, `doit plan` says what would run and why, `doit` alone is `doit weekly`. Tasks
come from the registry (edxtasks/tables), settings from config/edxtasks.toml (docs/settings.md).
"""

from pathlib import Path

from edxtasks.graph import load

globals().update(load(Path(__file__).resolve().parent))
