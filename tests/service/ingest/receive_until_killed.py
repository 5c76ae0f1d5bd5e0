"""Receives a folder of packets in processes of its own, one for each line that it is given.

Started by `test_kill`: everything is imported once, then each line forks a process that takes in the
folder and may be killed at any moment.
"""

import os
import sys
from pathlib import Path

from skysieve.service.database.database import Database
from skysieve.service.files.content_store import ContentStore
from skysieve.service.home import Home
from skysieve.service.ingest.items import Item, file_stamp
from skysieve.service.ingest.reception import receive
from skysieve.service.service import Service
from skysieve.service.settings import IngestSettings, ServiceSettings


def take_in(home: Path, address: str, folder: Path) -> None:
    place = Home(home)
    settings = ServiceSettings(ingest=IngestSettings(batch=16))
    service = Service(place, settings, Database(address), ContentStore(place.files))
    paths = sorted(folder.iterdir())
    receive(service, [Item("folder", path.name, file_stamp(path.stat()), path=path) for path in paths])


if __name__ == "__main__":
    home, address, folder = sys.argv[1:]
    print("ready", flush=True)
    for _ in sys.stdin:
        process = os.fork()
        if not process:
            take_in(Path(home), address, Path(folder))
            os._exit(0)
        print(process, flush=True)
        print(os.waitpid(process, 0)[1], flush=True)
