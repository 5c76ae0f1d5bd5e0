"""Users, sessions, tokens, roles and the audit log."""

from __future__ import annotations
