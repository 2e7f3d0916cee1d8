"""`doit get_data [PROJECT:]DATASET.TABLE…`: any tables as files."""

from __future__ import annotations

from edxtasks.build.downloads import Source
from edxtasks.commands.download import Download, Warehouses, checked_project, project_and_table
from edxtasks.commands.plain import Request
from edxtasks.errors import SettingsError


class GetData(Download):
    """Write tables to files."""

    name = "get_data"
    doc_purpose = "write tables to CSV or JSON files"
    doc_usage = "[PROJECT:]DATASET.TABLE ..."
    doc_description = "Files [PROJECT__]DATASET__TABLE.csv in the current folder, or one file for all."
    takes_words = None

    def sources(self, request: Request, warehouses: Warehouses) -> list[Source]:
        """The tables of the line; one for which no project is named is in that of `--project-id`."""
        if not request.words:
            raise SettingsError(f"which tables? doit {self.name} {self.doc_usage}")
        usual = checked_project(request.options["project_id"])
        found = []
        for word in request.words:
            project, name = project_and_table(word)
            found.append(Source(warehouses.of(project or usual), name, project or usual))
        return found
