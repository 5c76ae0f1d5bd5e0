"""Logs, metrics, health, retention, backup."""

from __future__ import annotations
