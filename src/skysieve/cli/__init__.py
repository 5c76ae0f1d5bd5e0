"""The command line: one thin file a verb; parse, one library call, print."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line; an error of skysieve ends as one line, not as a traceback."""
    from skysieve.cli.application import run

    run()
