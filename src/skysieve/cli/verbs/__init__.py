"""One module a verb; each has ``add_to(application)``."""
