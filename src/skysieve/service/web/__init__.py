"""What surrounds every route: who may call it, security headers, errors, parameters, templates."""

from __future__ import annotations
