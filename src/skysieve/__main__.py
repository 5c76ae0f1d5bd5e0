"""``python -m skysieve``: the same as the command ``skysieve``."""

from __future__ import annotations

from skysieve.cli import main

if __name__ == "__main__":
    main()
