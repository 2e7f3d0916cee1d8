"""`doit get_tables DATASET`: the tables of a dataset."""

from __future__ import annotations

from edxtasks.commands.plain import DataCommand, Request
from edxtasks.commands.tables import (
    dataset_of_word,
    print_json,
    project_of,
    require_dataset,
    table_id,
    warehouse_to_read,
)
from edxtasks.errors import SettingsError


class GetTables(DataCommand):
    """List the tables of a dataset."""

    name = "get_tables"
    doc_purpose = "list the tables of a dataset"
    doc_usage = "DATASET"
    doc_description = (
        "JSON: their number, and the id, reference and type of each. A course key is a dataset too."
    )
    takes_words = 1
    heeds = ("dataset_latest",)
    only_looks = True

    def perform(self, request: Request) -> int:
        """A JSON object."""
        if not request.words:
            raise SettingsError(f"which dataset? doit {self.name} {self.doc_usage}")
        settings = request.settings
        warehouse, dataset = warehouse_to_read(settings), dataset_of_word(request.words[0], settings)
        require_dataset(warehouse, dataset)
        project = project_of(warehouse, dataset, settings)
        tables = [
            {
                "id": table_id(warehouse, dataset, table, settings),
                "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
                "type": kind,
            }
            for table, kind in warehouse.table_types(dataset).items()
        ]
        print_json({"totalItems": len(tables), "tables": tables})
        return 0
