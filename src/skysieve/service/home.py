"""The folder of a service: everything that it keeps, and nothing outside."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HOME_VARIABLE", "Home", "find_home"]

#: Environment variable that names the folder where no option does.
HOME_VARIABLE = "SKYSIEVE_HOME"
#: The folder where neither says.
DEFAULT_HOME = "skysieve-service"


@dataclass(frozen=True, slots=True)
class Home:
    """Places within the folder of a service.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    folder: Path

    @property
    def settings(self) -> Path:
        """The settings, TOML; absent where every default holds."""
        return self.folder / "service.toml"

    @property
    def database(self) -> Path:
        """The database where it is SQLite."""
        return self.folder / "service.sqlite"

    @property
    def files(self) -> Path:
        """Cutouts and packets, by the hash of their content."""
        return self.folder / "files"

    @property
    def models(self) -> Path:
        """Models that were put on duty, each in a folder named by its identity."""
        return self.folder / "models"

    @property
    def inbox(self) -> Path:
        """The folder that is watched where the settings name no other."""
        return self.folder / "inbox"

    @property
    def run(self) -> Path:
        """Locks, process numbers and logs of running processes."""
        return self.folder / "run"

    def create(self) -> None:
        """Make the folders that are missing; others on the machine may not look into them."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Even where the folder itself was made by somebody else for others to look into.
        for place in (self.files, self.models, self.run):
            place.mkdir(exist_ok=True, mode=0o700)
        self.inbox.mkdir(exist_ok=True)


def find_home(folder: str | Path | None = None) -> Home:
    """Return the folder that is named, or that the environment names, or the default one.

    Examples
    --------
    >>> find_home("/srv/skysieve").database.as_posix()
    '/srv/skysieve/service.sqlite'
    """
    return Home(Path(folder or os.environ.get(HOME_VARIABLE) or DEFAULT_HOME).absolute())
