"""Public archives: data sets that are fetched once, verified, and read from their own files."""
