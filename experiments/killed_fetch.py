"""What is left of 500 cutouts when the archive misbehaves and the fetch is killed twice.

Run it: ``python experiments/killed_fetch.py``. It takes a half a minute, needs no network, and
writes ``results/killed_fetch.json``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from misbehaving_archive import MisbehavingArchive, misbehaving_archive
from skysieve.samples import SampleSet

__all__ = ["SIDE", "killed_fetch", "start"]

RESULT = Path(__file__).parent / "results" / "killed_fetch.json"
SIDE, AT_ONCE = 16, 8
#: Seconds without a byte that count as stalled: long enough for an archive on a busy machine.
SILENCE = 1.5
#: What goes wrong once with every tenth position, in turn, and always with every 25th.
ONCE = ("500", "truncate", "html", "corrupt", "stall")
ALWAYS = {
    "blank": "outside-footprint",
    "404": "http-status",
    "padded": "bad-image",
    "stall": "stalled",
    "small": "wrong-size",
}
BAD_ROWS = {"pole": "bad-position", "nowhere": "bad-position", "s3": "repeated-id"}


def killed_fetch(archive: MisbehavingArchive, folder: Path, count: int = 500) -> dict[str, Any]:
    """Fetch cutouts from an archive at its worst, kill the fetch twice, and tell what came of it.

    Parameters
    ----------
    archive : MisbehavingArchive
        Whom to ask.
    folder : Path
        Where to work.
    count : int
        Positions; three bad rows come on top.

    Returns
    -------
    dict
        Figures, ready for JSON.
    """
    expected = _prepare(archive, folder, count)
    kills: list[tuple[int, set[str]]] = []
    for share in (0.3, 0.66):
        _kill_when(archive, start(archive, folder), int(share * count))
        kills.append((len(archive.log), _on_disk(folder)))
    half_a_set = (folder / "set.parquet").exists()
    status, _ = _finish(start(archive, folder))
    listed = _listed(folder)
    ids = SampleSet.open(folder / "set.parquet").ids.tolist()
    asked = len(archive.log)
    repeated = [_finish(start(archive, folder))[0], len(archive.log) - asked]
    archive.always.clear()
    healed, _ = _finish(start(archive, folder, "--retry"))
    again = {url for url, _ in archive.log[asked:]}
    return {
        "positions": count,
        "bad_rows": len(BAD_ROWS),
        "faults": dict(
            Counter(fault for _, fault in archive.log[:asked] if fault not in ("served", "begun"))
        ),
        "requests": asked,
        "on_disk_at_kills": [len(questions) for _, questions in kills],
        "set_before_the_end": half_a_set,
        "status": status,
        "cutouts": len(ids),
        "duplicates": len(ids) - len(set(ids)),
        "missing": sorted({f"s{row}" for row in range(count)} - set(ids) - (set(expected) - {"s3"})),
        "failures": dict(Counter(listed.values())),
        "failures_as_expected": listed == expected,
        "asked_again_though_on_disk": sum(
            len(questions & {_question(url) for url, _ in archive.log[length:asked]})
            for length, questions in kills
        ),
        "torn_by_kills": sum(times - 1 for times in _served(archive).values()),
        "at_once": AT_ONCE,
        "rubbish_in_cache": len(list((folder / "set.parquet.cache").glob("??/.*"))),
        "status_and_requests_of_a_second_run": repeated,
        "requests_of_retry": len(archive.log) - asked,
        "retry_asked_for_the_failures_only": again == {url for url in _urls_of(folder, expected) if url},
        "status_and_cutouts_after_retry": [healed, len(SampleSet.open(folder / "set.parquet"))],
    }


def start(archive: MisbehavingArchive, folder: Path, *more: str) -> subprocess.Popen[str]:
    """Start the fetch of ``positions.csv``, in small pictures and short pauses."""
    words = ["fetch", "cutouts", "positions.csv", "-o", "set.parquet", "--size", str(SIDE)]
    words += ["--set", f"base_url={archive.url}", "--at-once", str(AT_ONCE), "--pause", "0.004"]
    words += ["--attempts", "3", "--backoff", "0.02", "--silence", str(SILENCE), *more]
    return subprocess.Popen(
        [sys.executable, "-m", "skysieve", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )


def _prepare(archive: MisbehavingArchive, folder: Path, count: int) -> dict[str, str]:
    """Write the table, set the traps, and return what must be listed."""
    archive.stall = 3 * SILENCE
    rows, expected = ["id,ra,dec"], dict(BAD_ROWS)
    for row in range(count):
        place = f"{row / 2:g}"
        rows.append(f"s{row},{place},1.5")
        if row % 10 == 3:
            archive.faults[place] = [ONCE[row // 10 % len(ONCE)]]
        if row % 100 == 50:
            archive.faults[place] = ["429"]
        if row % 25 == 7:
            fault = list(ALWAYS)[row // 25 % len(ALWAYS)]
            archive.always[place] = fault
            expected[f"s{row}"] = ALWAYS[fault]
    rows += ["pole,10,95", "nowhere,nan,1", "s3,10,10"]
    (folder / "positions.csv").write_text("\n".join(rows) + "\n")
    return expected


def _kill_when(archive: MisbehavingArchive, process: subprocess.Popen[str], count: int) -> None:
    while len(_served(archive)) < count:
        if process.poll() is not None:
            raise RuntimeError(f"the fetch ended by itself: {process.communicate()}")
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def _finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, complaints = process.communicate(timeout=300)
    return process.returncode, said + complaints


def _served(archive: MisbehavingArchive) -> Counter[str]:
    return Counter(url for url, outcome in list(archive.log) if outcome == "served")


def _on_disk(folder: Path) -> set[str]:
    """Return the questions whose answers lie in the cache; each must have its checksum."""
    paths = list((folder / "set.parquet.cache").glob("??/[!.]*.jpg"))
    for path in paths:
        if hashlib.sha256(path.read_bytes()).hexdigest() not in path.name:
            raise RuntimeError(f"{path} is half there")
    return {path.name[:32] for path in paths}


def _question(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "set.parquet.failures.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def _listed(folder: Path) -> dict[str, str]:
    rows = _rows(folder)
    # Kept, since the last run leaves another list.
    (folder / "listed.json").write_text(json.dumps({row["id"]: row["url"] for row in rows}))
    return {row["id"]: row["kind"] for row in rows}


def _urls_of(folder: Path, expected: dict[str, str]) -> list[str]:
    urls: dict[str, str] = json.loads((folder / "listed.json").read_text())
    return [urls[name] for name in expected]


def main() -> None:
    """Run the experiment and write its figures."""
    with tempfile.TemporaryDirectory() as folder, misbehaving_archive() as archive:
        figures = killed_fetch(archive, Path(folder))
    RESULT.write_text(json.dumps(figures, indent=1) + "\n")
    print(RESULT.read_text())


if __name__ == "__main__":
    main()
