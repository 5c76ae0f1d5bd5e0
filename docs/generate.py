"""Write every part of the documentation that the code knows: nothing of it is kept by hand.

``parts`` are included by pages, ``api`` are pages of their own. A file is only touched if its
content changes, so that a second build reads again what has changed and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import api_reference
import archive_results
import command_reference
import crts_results
import early_classification_results
import explanation_results
import galaxy_figures
import galaxy_results
import lsbg_results
import rare_class_results
import registered_things
import service_reference
import service_results
import settings_reference
import snad_results
import streak_results
import transfer_results
from contact_sheet import contact_sheet
from dmdt_contact_sheet import dmdt_contact_sheet
from galaxy_contact_sheet import galaxy_contact_sheet
from light_curve_contact_sheet import light_curve_contact_sheet
from streak_contact_sheet import read_real_cutouts, streak_contact_sheet

__all__ = ["generate"]


def generate(folder: Path) -> None:
    """Write all generated files below a folder."""
    parts: dict[str, str | bytes] = {
        "commands.md": command_reference.commands(),
        "kinds.png": contact_sheet(),
        "dmdt-means.png": dmdt_contact_sheet(),
        "light-curve-kinds.png": light_curve_contact_sheet(),
        "galaxy-kinds.jpg": galaxy_contact_sheet(),
        "streak-kinds.png": streak_contact_sheet(read_real_cutouts()),
    }
    parts |= registered_things.parts() | settings_reference.parts() | streak_results.parts()
    parts |= galaxy_results.parts() | galaxy_figures.parts() | lsbg_results.parts()
    parts |= explanation_results.parts() | rare_class_results.parts() | transfer_results.parts()
    parts |= snad_results.parts() | archive_results.parts()
    parts |= service_reference.parts() | service_results.parts()
    parts |= crts_results.parts() | early_classification_results.parts()
    write(folder / "parts", parts)
    write(folder / "api", api_reference.pages())


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files whose content is new, and remove those that nobody writes any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in files:
            path.unlink()
    for name, content in files.items():
        path, data = folder / name, content.encode() if isinstance(content, str) else content
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)


if __name__ == "__main__":
    generate(Path(__file__).parent / "reference" / "generated")
