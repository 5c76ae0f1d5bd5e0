"""Feature sets, one file each; they register themselves."""
