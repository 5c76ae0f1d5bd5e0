"""Install the Debian packages that tests need (a browser), where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

#: Program that a test runs -> package that brings it.
NEEDED = {"chromium": "chromium", "chromedriver": "chromium-driver"}


def main() -> int:
    """Install what is missing; say what to do where that is not possible."""
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if not missing:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *missing]):
            subprocess.run(
                command,
                check=True,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        return 0
    print(
        f"the tests of the pages need {' and '.join(missing)}: install them, then run this again",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
