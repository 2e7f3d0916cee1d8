"""Runs bqemulator; started by `servers.py` with the Python of `.venv-emulators`.

Arguments: the folder that `gs://` stands for. Prints the address when it listens, and ends when its
standard input is closed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import gaps
import remembered
from bqemulator.config import LogLevel, Settings  # type: ignore[import-not-found]
from bqemulator.server import EmulatorServer  # type: ignore[import-not-found]


async def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    gaps.fill()
    remembered.remember()
    server = EmulatorServer(
        Settings(
            rest_port=0,
            grpc_port=0,
            default_project_id="campus",
            gcs_local_root=Path(sys.argv[1]),
            upload_staging_dir=Path(sys.argv[1]).with_name("uploads"),
            enable_format_extensions=False,
            log_level=LogLevel.CRITICAL,
        )
    )
    await server.start()
    print(server.rest_url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
