"""Scores: from files of alerts to a table, without torch."""
