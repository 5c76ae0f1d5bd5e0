"""Milliseconds of a page of 50 among a million candidates, on SQLite and on PostgreSQL.

Thirty nights of simulated alerts with twenty fields of metadata each, scored and labelled as nights are:
most are bogus, one in a hundred has a label. What is timed is `find_candidates` with a new session, as a
request does it: the filter is read and compiled, the page found, its candidates loaded with night and
cutouts. Every filter is asked with other values each time, so that no answer is kept. The bar is 100 ms for a
page; counting what a search finds, up to 10,000, is timed beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select, text

from skysieve.service.candidates.search import Search, count_candidates, find_candidates
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import upgrade
from skysieve.service.database.tables import (
    Candidate,
    MetadataField,
    Night,
    Scorer,
    Taxonomy,
    User,
)
from skysieve.service.filters.indexing import drop_field_index, index_field
from skysieve.service.labelling.shipped_taxonomies import SHIPPED
from skysieve.service.sky.cells import cell_of

NIGHTS, BLOCK, BAR_MS = 30, 10_000, 100.0
FIRST_JD = 2461345.5
RESULTS = Path(__file__).parent / "results" / "candidate_pages.json"


@dataclass(frozen=True)
class Case:
    """A search to time: its values are drawn anew each time."""

    name: str
    draw: Callable[[np.random.Generator], Search]
    indexed: str = ""


def night_name(number: int) -> str:
    """Return the name of a night."""
    return (datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=number)).strftime("%Y%m%d")


def draw_night(random: np.random.Generator) -> str:
    """Return the name of any night."""
    return night_name(int(random.integers(NIGHTS)))


CASES = [
    Case("night, best first", lambda r: Search(night=draw_night(r))),
    Case(
        "night and score",
        lambda r: Search(where=f"night = {draw_night(r)} and score >= {r.uniform(0.5, 0.99):.4f}"),
    ),
    Case(
        "unlabelled passing of a night",
        lambda r: Search(where="passes and label is empty", night=draw_night(r)),
    ),
    Case("unlabelled of a night", lambda r: Search(where="label is empty", night=draw_night(r))),
    Case("all nights, best first", lambda r: Search(where=f"score < {r.uniform(0.5, 1):.6f}")),
    Case(
        "range of magnitudes, all nights",
        lambda r: Search(where=f"mag > {(m := r.uniform(16, 20)):.3f} and mag < {m + 0.5:.3f}"),
    ),
    Case(
        "few magnitudes, all nights",
        lambda r: Search(where=f"mag > {(m := r.uniform(16, 20)):.5f} and mag < {m + 0.0005:.5f}"),
    ),
    Case(
        "faintest of a night",
        lambda r: Search(where=f"mag > {r.uniform(18, 20):.3f}", night=draw_night(r), sort="-mag"),
    ),
    Case(
        "cone of 60 arcsec",
        lambda r: Search(where=f"cone({r.uniform(0, 360):.6f}, {r.uniform(-25, 80):.6f}, 60)"),
    ),
    Case(
        "cone of a degree, nearest first",
        lambda r: Search(ra=r.uniform(0, 360), dec=r.uniform(-25, 80), radius=3600.0, sort="separation"),
    ),
    Case("metadata, a third, no index", lambda r: Search(where=f"meta.rb > {r.uniform(0.5, 0.7):.4f}")),
    Case(
        "metadata, a few of a night, no index",
        lambda r: Search(where=f"meta.fwhm > {r.uniform(6, 7):.4f}", night=draw_night(r)),
    ),
    Case(
        "metadata, a third, index",
        lambda r: Search(where=f"meta.rb > {r.uniform(0.5, 0.7):.4f}"),
        indexed="rb",
    ),
    Case(
        "metadata, a few, index", lambda r: Search(where=f"meta.fwhm > {r.uniform(7, 8):.4f}"), indexed="fwhm"
    ),
    Case(
        "beginning of an object's name",
        lambda r: Search(where=f'object ~ "ZTF{r.integers(17, 27)}a{letter(r)}*"'),
    ),
    Case(
        "an object", lambda r: Search(where=f'object = "{object_name(int(r.integers(300_000)))}"', sort="jd")
    ),
    Case(
        "labelled real, latest first",
        lambda r: Search(where=f'label = "real" and mag < {r.uniform(19, 21):.3f}', sort="-first_seen"),
    ),
    Case("latest of a night", lambda r: Search(night=draw_night(r), sort="-first_seen")),
    Case("by a person", lambda r: Search(where='labelled_by("anna") = "real"', night=draw_night(r))),
    Case(
        "score of another scorer",
        lambda r: Search(where=f'scorer("second").score > {r.uniform(0.8, 0.95):.4f}'),
    ),
]


def letter(random: np.random.Generator) -> str:
    """Return a small letter."""
    return chr(97 + int(random.integers(26)))


def object_name(number: int) -> str:
    """Return the name of an object, as ZTF makes them."""
    letters = "".join(chr(97 + number // 26**power % 26) for power in (3, 2, 1, 0))
    return f"ZTF{17 + number % 10}a{letters}"


def candidate_rows(start: int, count: int, total: int, random: np.random.Generator) -> list[dict[str, Any]]:
    """Return candidates: most are bogus, some are asteroids and stars seen again and again."""
    number = np.arange(start, start + count)
    night = number * NIGHTS // total
    real = random.uniform(size=count) < 0.1
    score = np.where(real, random.beta(8, 1, count), random.beta(1, 8, count))
    mag = np.clip(21.5 - random.exponential(1.2, count), 12, 21.5)
    ra, dec = random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-0.5, 1, count)))
    cell = cell_of(ra, dec)
    labelled = random.uniform(size=count) < 0.01
    columns = metadata_columns(count, real, mag, random)
    objects = random.integers(0, 300_000, count)
    rows = []
    for i, n in enumerate(number.tolist()):
        seen = datetime(2026, 11, 2, 3, tzinfo=UTC) + timedelta(
            days=int(night[i]), milliseconds=25 * (n % 40_000)
        )
        rows.append(
            {
                "id": n + 1,
                "kind": "alert",
                "survey": "ZTF",
                "name": str(10**18 + n),
                "object_id": object_name(int(objects[i])),
                "night_id": int(night[i]) + 1,
                "jd": FIRST_JD + int(night[i]) + 0.6 + 0.4 * (n % 33_000) / 33_000,
                "ra": float(ra[i]),
                "dec": float(dec[i]),
                "cell": int(cell[i]),
                "band": "gri"[n % 3],
                "mag": round(float(mag[i]), 4),
                "metadata": {name: values[i] for name, values in columns.items()},
                "stamp": f"{n:016x}",
                "source": "benchmark",
                "first_seen": seen,
                "updated_at": seen,
                "score": float(score[i]),
                "passes": bool(score[i] > 0.5),
                "label": ("real" if real[i] else "bogus") if labelled[i] else "",
                "label_count": int(labelled[i]),
            }
        )
    return rows


def metadata_columns(
    count: int, real: np.ndarray, mag: np.ndarray, random: np.random.Generator
) -> dict[str, list[Any]]:
    """Return twenty fields, with the names and spreads of ZTF's."""
    columns: dict[str, list[Any]] = {
        "rb": np.where(real, random.beta(6, 2, count), random.beta(2, 4, count)).round(6).tolist(),
        "fwhm": random.gamma(12, 0.2, count).round(4).tolist(),
        "isdiffpos": (random.uniform(size=count) < 0.7).tolist(),
        "programid": random.integers(1, 4, count).tolist(),
        "pdiffimfilename": [
            f"ztf_2026_{field:06d}_zg_c01_o_q1_scimrefdiffimg.fits" for field in range(count)
        ],
        "magpsf": mag.round(4).tolist(),
        "ndethist": random.poisson(8, count).tolist(),
    }
    for name in ("sigmapsf", "chipsf", "distnr", "magnr", "sharpnr", "sky", "elong", "classtar", "seeratio"):
        columns[name] = random.gamma(3, 0.4, count).round(5).tolist()
    for name in ("magapbig", "diffmaglim", "scorr", "sgscore1"):
        columns[name] = random.normal(18, 1, count).round(4).tolist()
    return columns


def other_rows(
    rows: list[dict[str, Any]], random: np.random.Generator, cutouts_of: Sequence[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Return what belongs to candidates: cutouts, scores of two scorers, labels."""
    now = datetime(2026, 12, 1, tzinfo=UTC)
    noise = random.normal(0, 0.1, len(rows))
    cutouts = [
        {
            "candidate_id": row["id"],
            "sha256": f"{row['id']:064x}",
            "media_type": "application/fits+gzip",
            "channels": ["science", "template", "difference"],
            "packet_sha256": "",
            "packet_record": 0,
            **(cutouts_of[row["id"] % len(cutouts_of)] if cutouts_of else {}),
        }
        for row in rows
    ]
    scores = [
        {"candidate_id": row["id"], "scorer_id": scorer, "member": "score", "value": value, "scored_at": now}
        for row, shift in zip(rows, noise.tolist(), strict=True)
        for scorer, value in ((1, row["score"]), (2, min(1.0, max(0.0, row["score"] + shift))))
    ]
    labels = [
        {
            "candidate_id": row["id"],
            "user_id": 1,
            "taxonomy_id": 1,
            "value": row["label"],
            "machine_hidden": False,
            "origin": "scan",
            "made_at": now,
        }
        for row in rows
        if row["label"]
    ]
    return {"cutouts": cutouts, "scores": scores, "labels": labels}


def fill(
    database: Database, total: int, cutouts_of: Sequence[tuple[dict[str, Any], bytes | None]] = ()
) -> float:
    """Put candidates into an empty database and return the seconds that it took.

    They take turns with the columns of cutouts and the looks that are given; without any, their files are
    missing.
    """
    upgrade(database)
    began = time.perf_counter()
    with database.writing() as session:
        session.add_all([Night(name=night_name(number)) for number in range(NIGHTS)])
        session.add(User(name="anna", role="scanner"))
        session.add(Taxonomy(name="real-bogus", kind="alert", classes=list(SHIPPED["real-bogus"][1])))
        if session.scalar(select(Scorer.id).limit(1)) is None:
            session.add_all(
                [
                    Scorer(kind="alert", identity=name * 8, name=name, is_sieve=False, place=name)
                    for name in ("first", "second")
                ]
            )
        for name, values in metadata_columns(
            1, np.ones(1, bool), np.ones(1), np.random.default_rng(0)
        ).items():
            kinds = {bool: "truth", str: "text"}
            session.add(MetadataField(name=name, type=kinds.get(type(values[0]), "number")))
    random = np.random.default_rng(11)
    put = put_into_sqlite if database.is_sqlite else put_into_postgresql
    for start in range(0, total, BLOCK):
        rows = candidate_rows(start, min(BLOCK, total - start), total, random)
        for row in rows if cutouts_of else ():
            row["look"] = cutouts_of[row["id"] % len(cutouts_of)][1]
        others = other_rows(rows, random, [columns for columns, _ in cutouts_of])
        put(database, {"candidates": rows, **others})
    if not database.is_sqlite:
        # What PostgreSQL does by itself in the background, sooner or later.
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    return time.perf_counter() - began


def put_into_sqlite(database: Database, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Insert rows, many at a time."""
    with database.writing() as session:
        for name, rows in tables.items():
            session.execute(insert(Candidate.metadata.tables[name]), rows)


def put_into_postgresql(database: Database, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Copy rows."""
    with database.engine.begin() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for name, rows in tables.items():
            columns = list(rows[0]) if rows else []
            with driver.cursor().copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([json.dumps(v) if isinstance(v, dict | list) else v for v in row.values()])
        connection.execute(text("SELECT setval('candidates_id_seq', (SELECT max(id) FROM candidates))"))


def timed(database: Database, case: Case, repeats: int) -> dict[str, Any]:
    """Time one search, the second page of each, too."""
    random = np.random.default_rng(5)
    first, second, counts, rows = [], [], [], 0
    for _ in range(repeats + 3):
        search = case.draw(random)
        began = time.perf_counter()
        with database.reading() as session:
            page = find_candidates(session, search)
        first.append((time.perf_counter() - began) * 1e3)
        rows += len(page.rows)
        if page.next:
            behind = Search(**{**fields_of(search), "cursor": page.next})
            began = time.perf_counter()
            with database.reading() as session:
                find_candidates(session, behind)
            second.append((time.perf_counter() - began) * 1e3)
        began = time.perf_counter()
        with database.reading() as session:
            count_candidates(session, search)
        counts.append((time.perf_counter() - began) * 1e3)
    # The first few prepare statements and bring pages of the disk into memory.
    first, second, counts = first[3:], second[3:], counts[3:]
    return {
        "search": case.name,
        "rows": round(rows / (repeats + 3), 1),
        "median_ms": round(statistics.median(first), 2),
        "p95_ms": round(float(np.percentile(first, 95)), 2),
        "next_page_p95_ms": round(float(np.percentile(second, 95)), 2) if second else None,
        "count_p95_ms": round(float(np.percentile(counts, 95)), 2),
    }


def fields_of(search: Search) -> dict[str, Any]:
    """Return a search as plain values."""
    return {name: getattr(search, name) for name in Search.__dataclass_fields__}


def measure(database: Database, name: str, total: int, repeats: int) -> dict[str, Any]:
    """Fill a database, time every search and print a table."""
    seconds = fill(database, total)
    # As a server does when it has started: the collector does not look through what stays for good.
    gc.collect()
    gc.freeze()
    print(f"\n{name}: {total:,} candidates written in {seconds:.0f} s", flush=True)
    print(f"{'search':38s} {'rows':>5s} {'median':>8s} {'p95':>8s} {'next p95':>8s} {'count p95':>9s}   ms")
    results = []
    for case in CASES:
        if case.indexed:
            index_field(database, case.indexed)
        result = timed(database, case, repeats)
        if case.indexed:
            drop_field_index(database, case.indexed)
        results.append(result)
        print(
            f"{case.name:38s} {result['rows']:5.1f} {result['median_ms']:8.1f} {result['p95_ms']:8.1f} "
            f"{result['next_page_p95_ms'] or float('nan'):8.1f} {result['count_p95_ms']:9.1f}"
            f"{'' if result['p95_ms'] < BAR_MS else '   over the bar'}",
            flush=True,
        )
    return {"database": name, "fill_s": round(seconds, 1), "searches": results}


@contextlib.contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    """Yield an empty database in a folder."""
    database = Database(f"sqlite:///{folder / 'service.sqlite'}")
    try:
        yield database
    finally:
        database.close()


@contextlib.contextmanager
def postgresql(_: Path) -> Iterator[Database]:
    """Yield an empty database of a server as the tests start it, with its settings as they come."""
    path = Path(__file__).parents[1] / "tests" / "support" / "postgresql_server.py"
    spec = importlib.util.spec_from_file_location("postgresql_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.PostgresqlServer()
    try:
        database = Database(server.create_database())
        yield database
        database.close()
    finally:
        server.close()


def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="candidate-pages-"))
    results = []
    try:
        for name, make in (("sqlite", sqlite), ("postgresql", postgresql)):
            if arguments.only in (None, name):
                with make(folder) as database:
                    results.append(measure(database, name, arguments.candidates, arguments.repeats))
    finally:
        shutil.rmtree(folder)
    arguments.out.parent.mkdir(exist_ok=True)
    content = {"candidates": arguments.candidates, "bar_ms": BAR_MS, "databases": results}
    arguments.out.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
