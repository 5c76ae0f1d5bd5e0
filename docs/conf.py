"""Settings of the documentation: Sphinx with MyST and furo, no network."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import skysieve  # noqa: E402

project = "skysieve"
author = "The skysieve developers"
copyright = author  # noqa: A001 - the name that Sphinx reads
version = release = skysieve.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build", "images", "reference/generated/parts"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "py:obj"
# Two modules may each have an `Identity`; which one a docstring means is clear where it stands.
suppress_warnings = ["ref.python"]
add_module_names = False
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"skysieve {release}"
html_static_path = ["_static"]
html_css_files = ["skysieve.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f5fa8", "color-brand-content": "#1f5fa8"},
    "dark_css_variables": {"color-brand-primary": "#7fb2ee", "color-brand-content": "#7fb2ee"},
}


def setup(app: Any) -> None:
    """Write what the code knows better than any page before the pages are read."""
    from generate import generate

    app.connect("builder-inited", lambda _: generate(HERE / "reference" / "generated"))
    # Before napoleon (priority 500) reads them.
    app.connect("autodoc-process-docstring", spell_for_napoleon, priority=400)


def spell_for_napoleon(_: Any, what: str, *event: Any) -> None:
    """Spell out what napoleon and docutils would misread in plain numpydoc."""
    lines: list[str] = event[-1]
    # The star of a shape such as (N, *shape) opens no emphasis.
    lines[:] = [
        re.sub(r"(?<=[ (])\*(?=\w+[,)])", r"\\*", line) if "`" not in line else line for line in lines
    ]
    if what == "property" and lines and ": " in lines[0]:
        # Napoleon takes what stands before a colon for the type, unless the line ends there.
        before, after = lines[0].split(": ", 1)
        lines[:1] = [before + ":", after]
