"""sources/archives."""
