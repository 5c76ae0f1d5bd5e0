"""sources/alerts."""
