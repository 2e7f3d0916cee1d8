"""Runs gcp-storage-emulator; started by `servers.py` with the Python of `.venv-emulators`.

Arguments: its folder, the bucket to make. Prints the address when it listens, and ends when its standard
input is closed.
"""

from __future__ import annotations

import os
import sys

from gcp_storage_emulator.server import create_server  # type: ignore[import-not-found]


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    folder, bucket = sys.argv[1:]
    server = create_server("127.0.0.1", 0, default_bucket=bucket, data_dir=folder)
    server.start()
    print(f"http://127.0.0.1:{server._api._httpd.server_address[1]}", flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
