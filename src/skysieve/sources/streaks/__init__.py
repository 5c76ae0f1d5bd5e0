"""Streak cutouts and what belongs to them: pictures, nightly tables, reports in ADES, joined by id."""
