"""Operators of PyTorch in terms of ONNX.

A folder of its own, which the registry of networks does not walk: its modules need onnxscript, and are
imported by the export alone.
"""

from __future__ import annotations
