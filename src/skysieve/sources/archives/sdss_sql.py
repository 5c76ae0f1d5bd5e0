"""Tables of SkyServer by SQL: the votes of Galaxy Zoo, and any metadata of SDSS, as CSV.

SkyServer allows 60 queries a minute and gives 500,000 rows at most
(https://skyserver.sdss.org/dr18/en/help/docs/limits.aspx); tables of votes are therefore fetched
page by page along their key, and each page is kept, so that a killed run goes on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, InputError
from skysieve.progress import progress_bar
from skysieve.samples.findings import Finding
from skysieve.sources.archives.answer_cache import AnswerCache
from skysieve.sources.archives.answer_images import require_kind
from skysieve.sources.archives.cutout_service import Politeness, Request
from skysieve.sources.archives.event_loop import run_to_end
from skysieve.sources.archives.polite_client import PoliteClient, Stubbornness
from skysieve.sources.archives.sdss import skyserver_address

__all__ = ["ROW_LIMIT", "VOTE_TABLES", "QueryResult", "VoteTable", "fetch_votes", "query_skyserver"]

#: Rows beyond which SkyServer cuts a result off without a word.
ROW_LIMIT = 500_000

#: SkyServer's own rule, and its own time-out of 600 s before the first byte.
_POLITENESS = Politeness(at_once=1, pause=1.0)
_STUBBORNNESS = Stubbornness(silence=630.0, deadline=900.0)
_SUM_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class VoteTable:
    """A table of votes.

    Parameters
    ----------
    name : str
        In the database.
    columns : tuple of str
        What is fetched besides ``id`` (the DR7 object, the key), ``ra`` and ``dec``.
    fractions : tuple of str
        Columns that add up to one, if all of them do.
    citation : str
        Whom to cite.
    """

    name: str
    columns: tuple[str, ...]
    fractions: tuple[str, ...]
    citation: str


_GZ1 = ("p_el", "p_cw", "p_acw", "p_edge", "p_dk", "p_mg")
_GZ2_ANSWERS = (
    "t01_smooth_or_features_a01_smooth",
    "t01_smooth_or_features_a02_features_or_disk",
    "t01_smooth_or_features_a03_star_or_artifact",
    "t02_edgeon_a04_yes",
    "t02_edgeon_a05_no",
    "t04_spiral_a08_spiral",
    "t04_spiral_a09_no_spiral",
    "t08_odd_feature_a24_merger",
)
_GZ2 = tuple(f"{answer}_{what}" for answer in _GZ2_ANSWERS for what in ("count", "fraction", "debiased"))
_GZ1_CITATION = "Lintott et al. 2011, MNRAS 410, 166 (Galaxy Zoo 1)"

#: The tables of votes by name.
VOTE_TABLES: Mapping[str, VoteTable] = {
    table.name: table
    for table in (
        VoteTable("zooNoSpec", ("nvote", *_GZ1, "p_cs"), _GZ1, _GZ1_CITATION),
        VoteTable("zooSpec", ("nvote", *_GZ1, "p_cs", "p_el_debiased", "p_cs_debiased"), _GZ1, _GZ1_CITATION),
        VoteTable(
            "zoo2MainSpecz",
            ("total_classifications", "total_votes", *_GZ2),
            (),
            "Willett et al. 2013, MNRAS 435, 2835; Hart et al. 2016, MNRAS 461, 3663 (Galaxy Zoo 2)",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a query brought.

    Parameters
    ----------
    path : Path
        The table (CSV).
    rows : int
        Its rows.
    findings : tuple of Finding
        ``cut-off`` if SkyServer's limit was met; ``votes-do-not-sum``.
    """

    path: Path
    rows: int
    findings: tuple[Finding, ...] = ()


def query_skyserver(
    sql: str,
    output: str | Path,
    *,
    release: str = "dr18",
    base_url: str | None = None,
    cache: str | Path | None = None,
    politeness: Politeness = _POLITENESS,
    stubbornness: Stubbornness = _STUBBORNNESS,
) -> QueryResult:
    """Run a query on SkyServer and write its result as CSV.

    Parameters
    ----------
    sql : str
        The query, in the dialect of SQL Server: ``SELECT TOP 10 ...``.
    output : str or Path
        The table; replaced on success only.
    release : str
        Data release.
    base_url : str, optional
        Where SkyServer is.
    cache : str or Path, optional
        Folder of answers, ``<output>.cache`` by default; the same query is asked once.
    politeness, stubbornness
        The pace, and when to ask again.

    Raises
    ------
    ConfigurationError
        If the query is blank.
    InputError
        ``http-status`` with what SkyServer says about the query; ``not-a-table``; those of `PoliteClient`.
    DownloadError
        If the host cannot be reached.
    """
    if not sql.strip():
        raise ConfigurationError("the query is blank; give one, such as SELECT TOP 10 ra, dec FROM Galaxy")
    output = Path(output)
    answers = AnswerCache(cache or output.with_name(output.name + ".cache"))
    with answers.alone():
        server = _SkyServer(answers, PoliteClient(politeness, stubbornness))
        body = run_to_end(server.answer(_request(sql, release, base_url)))
    with replacing(_made(output)) as temporary:
        temporary.write_bytes(body)
    rows = sum(1 for _ in csv.reader(io.StringIO(body.decode("utf-8", "replace")))) - 1
    reason = f"the result has {ROW_LIMIT:,} rows, where SkyServer cuts off; ask in pieces (WHERE ... > ...)"
    cut_off = (Finding(output.name, "cut-off", reason, "warning"),) if rows >= ROW_LIMIT else ()
    return QueryResult(output, max(rows, 0), cut_off)


def fetch_votes(
    table: str,
    output: str | Path,
    *,
    rows: int | None = None,
    where: str = "",
    release: str = "dr18",
    base_url: str | None = None,
    cache: str | Path | None = None,
    page: int = 50_000,
    politeness: Politeness = _POLITENESS,
    stubbornness: Stubbornness = _STUBBORNNESS,
    progress: bool = True,
) -> QueryResult:
    """Fetch a table of Galaxy Zoo votes, page by page, as positions that cutouts can be fetched of.

    Parameters
    ----------
    table : str
        One of `VOTE_TABLES`.
    output : str or Path
        The table (CSV): ``id``, ``ra``, ``dec`` and the votes; replaced on success only.
    rows : int, optional
        At most so many rows, those of least id; all by default.
    where : str
        A condition in SQL, such as ``nvote >= 20``.
    release, base_url, cache, politeness, stubbornness
        As of `query_skyserver`.
    page : int
        Rows a query.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    QueryResult
        Its findings name rows whose fractions do not add up to one.

    Raises
    ------
    ConfigurationError
        If there is no such table of votes.
    InputError, DownloadError
        As of `query_skyserver`.
    """
    if table not in VOTE_TABLES:
        raise ConfigurationError(
            f"no table of votes is called {table!r}; known are: {', '.join(VOTE_TABLES)}"
        )
    if page < 1 or page > ROW_LIMIT or (rows is not None and rows < 1):
        raise ConfigurationError(f"a page has 1 to {ROW_LIMIT:,} rows, and at least one row is fetched")
    chosen, output = VOTE_TABLES[table], Path(output)
    names = ("id", "ra", "dec", *chosen.columns)
    answers = AnswerCache(cache or output.with_name(output.name + ".cache"))
    server = _SkyServer(answers, PoliteClient(politeness, stubbornness))

    def ask(count: int, last: int) -> Request:
        return _request(_page_query(chosen, count, last, where), release, base_url)

    async def write(stream: TextIO) -> QueryResult:
        writer, findings, done = csv.DictWriter(stream, names), list[Finding](), 0
        writer.writeheader()
        async for got in server.pages(ask, names, page, rows):
            writer.writerows(got)
            findings.extend(_unsound(got, chosen))
            done += len(got)
            bar.advance(len(got))
        return QueryResult(output, done, tuple(findings))

    with (
        answers.alone(),
        progress_bar("fetching votes", rows, enabled=progress) as bar,
        replacing(_made(output)) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        return run_to_end(write(stream))


def _page_query(table: VoteTable, count: int, last: int, where: str) -> str:
    columns = ", ".join(table.columns)
    condition = f" AND ({where})" if where else ""
    # Nothing of it is a value of somebody else: the user asks a public, read-only database.
    return (
        f"SELECT TOP {count} dr7objid AS id, ra, dec, {columns} FROM {table.name} "  # noqa: S608
        f"WHERE dr7objid > {last}{condition} ORDER BY dr7objid"
    )


def _request(sql: str, release: str, base_url: str | None) -> Request:
    address = skyserver_address(base_url, release, "SearchTools/SqlSearch")
    return Request(address, (("cmd", " ".join(sql.split())), ("format", "csv")), ".csv", most_bytes=1 << 31)


class _SkyServer:
    """Answers of SkyServer, from the cache where it has answered before."""

    def __init__(self, cache: AnswerCache, client: PoliteClient) -> None:
        self._cache, self._client = cache, client

    async def answer(self, request: Request) -> bytes:
        async with self._client:
            return await self._answer(request, ())

    async def pages(
        self,
        ask: Callable[[int, int], Request],
        columns: tuple[str, ...],
        page: int,
        rows: int | None,
    ) -> AsyncIterator[list[dict[str, str]]]:
        """Yield the rows of a table in the order of its key, a page at a time."""
        done, last = 0, 0
        async with self._client:
            while rows is None or done < rows:
                count = page if rows is None else min(page, rows - done)
                body = await self._answer(ask(count, last), columns)
                got = list(csv.DictReader(io.StringIO(body.decode("utf-8", "replace"))))
                yield got
                if len(got) < count:
                    return
                before, last = last, int(got[-1]["id"])
                if last <= before:
                    reason = f"a page of rows after {before} ends with {last}: the table is not sorted by id"
                    raise InputError("SkyServer", "wrong-columns", reason)
                done += len(got)

    async def _answer(self, request: Request, columns: tuple[str, ...]) -> bytes:
        body = self._cache.answer(request)
        if body is None:
            body = await self._client.ask(request, "SkyServer", lambda new: _check(new, columns))
            self._cache.keep(request, body)
        return _without_comments(body)


def _check(body: bytes, columns: tuple[str, ...]) -> None:
    require_kind(body, ".csv", "SkyServer")
    header = _without_comments(body).split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    missing = [name for name in columns if name not in header.split(",")]
    if missing:
        reason = f"the table lacks {', '.join(missing)}; it begins with {header[:120]!r}"
        raise InputError("SkyServer", "wrong-columns", reason)
    _require_whole_rows(body)


def _require_whole_rows(body: bytes) -> None:
    """Refuse a table that ends amid a row: a server that states no length may have broken off."""
    rows = [row for row in csv.reader(io.StringIO(_text(body))) if row]
    if len(rows) > 1 and len(rows[-1]) != len(rows[0]):
        reason = (
            f"row {len(rows) - 1:,}, the last, has {len(rows[-1])} values of {len(rows[0])}: it breaks off"
        )
        raise InputError("SkyServer", "truncated", reason)


def _text(body: bytes) -> str:
    return _without_comments(body).decode("utf-8", "replace")


def _without_comments(body: bytes) -> bytes:
    """Return a table without the line ``#Table1`` that SkyServer puts first."""
    while body.startswith(b"#"):
        body = body.partition(b"\n")[2]
    return body


def _unsound(rows: list[dict[str, str]], table: VoteTable) -> list[Finding]:
    findings = []
    for row in rows if table.fractions else []:
        try:
            total = sum(float(row[name]) for name in table.fractions)
        except ValueError:
            total = float("nan")
        if not abs(total - 1) <= _SUM_TOLERANCE:
            reason = f"its fractions of votes add up to {total:.3f}, 1 was expected"
            findings.append(Finding(row["id"], "votes-do-not-sum", reason, "warning"))
    return findings


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
