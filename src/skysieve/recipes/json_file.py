"""Figures as a JSON file that is whole or absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from skysieve.atomic_file import replacing
from skysieve.evaluation.evaluate import json_ready

__all__ = ["write_json"]


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys; numbers that are not finite become null.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "figures.json"
    >>> write_json(path, {"roc_auc": float("nan")})
    >>> json.loads(path.read_text())
    {'roc_auc': None}
    """
    text = json.dumps(json_ready(content), indent=1, sort_keys=True, allow_nan=False)
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
