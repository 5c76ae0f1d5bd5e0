"""What a network looked at: maps of attribution, and tests whether to believe them."""
