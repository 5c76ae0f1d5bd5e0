"""sources/simulators."""
