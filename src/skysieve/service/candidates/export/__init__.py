"""Everything that a search finds, as a file: streamed, however large."""

from __future__ import annotations

from skysieve.service.candidates.export.exporting import Export, export_formats, iter_export

__all__ = ["Export", "export_formats", "iter_export"]
