"""Tables of SkyServer: paged along their key, kept page by page, doubted where votes do not add up."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from skysieve.errors import ConfigurationError, InputError
from skysieve.sources.archives import sdss_sql
from skysieve.sources.archives.cutout_service import Politeness
from skysieve.sources.archives.polite_client import Stubbornness
from skysieve.sources.archives.sdss_sql import VOTE_TABLES, fetch_votes, query_skyserver

PATH = "/dr18/SkyServerWS/SearchTools/SqlSearch"
PACE = {
    "politeness": Politeness(1, 0.0),
    "stubbornness": Stubbornness(attempts=2, pause=0.01, silence=2.0, deadline=5.0),
}
FIRST = 587722952230174721


@pytest.fixture
def skyserver(archive: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the server answer queries for votes as SkyServer would, of 25 rows."""
    monkeypatch.setattr(archive, "picture", lambda query: answer(query["cmd"]), raising=False)
    archive.queries = lambda: [parse_qs(urlsplit(url).query)["cmd"][0] for url, _ in archive.log]
    return archive


def answer(sql: str) -> bytes:
    found = re.fullmatch(r"SELECT TOP (\d+) (.*) FROM (\w+) WHERE dr7objid > (\d+).* ORDER BY dr7objid", sql)
    assert found, sql
    names = found[2].replace("dr7objid AS id", "id").split(", ")
    rows = [FIRST + row for row in range(25) if FIRST + row > int(found[4])][: int(found[1])]
    value = {"p_el": "0.75", "p_mg": "0.25", "nvote": "40", "ra": "10.5", "dec": "-3"}
    lines = [",".join(str(row) if name == "id" else value.get(name, "0") for name in names) for row in rows]
    return "\n".join(["#Table1", ",".join(names), *lines]).encode() + b"\n"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("table", VOTE_TABLES)
def test_votes_come_page_by_page(skyserver: Any, tmp_path: Path, table: str) -> None:
    result = fetch_votes(
        table, tmp_path / "votes.csv", base_url=skyserver.url, page=10, progress=False, **PACE
    )
    rows = rows_of(result.path)
    assert result.rows == len(rows) == 25
    assert [row["id"] for row in rows] == [str(FIRST + row) for row in range(25)]
    assert list(rows[0]) == ["id", "ra", "dec", *VOTE_TABLES[table].columns]
    queries = skyserver.queries()
    assert [re.search(r"> (\d+)", query)[1] for query in queries] == ["0", str(FIRST + 9), str(FIRST + 19)]
    assert all(f" FROM {table} " in query for query in queries)
    assert not result.findings


def test_a_run_that_broke_off_goes_on(
    skyserver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"base_url": skyserver.url, "page": 10, "progress": False} | PACE

    def broken(sql: str) -> bytes:
        return b"<html>503</html>" if f"> {FIRST + 9} " in sql else answer(sql)

    with monkeypatch.context() as patched:
        patched.setattr(skyserver, "picture", lambda query: broken(query["cmd"]))
        with pytest.raises(InputError, match="a table was asked for"):
            fetch_votes("zooSpec", tmp_path / "votes.csv", **options)
    assert not (tmp_path / "votes.csv").exists()
    before = len(skyserver.log)
    assert fetch_votes("zooSpec", tmp_path / "votes.csv", **options).rows == 25
    assert len(skyserver.log) == before + 2


def test_a_number_of_rows_and_a_condition(skyserver: Any, tmp_path: Path) -> None:
    where = "nvote >= 20"
    result = fetch_votes(
        "zooNoSpec",
        tmp_path / "v.csv",
        rows=12,
        where=where,
        base_url=skyserver.url,
        page=10,
        progress=False,
        **PACE,
    )
    assert result.rows == 12
    assert ["TOP 10 " in query or "TOP 2 " in query for query in skyserver.queries()] == [True, True]
    assert all(f" AND ({where}) " in query for query in skyserver.queries())


def test_votes_that_do_not_add_up_are_named(
    skyserver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tampered(query: dict[str, str]) -> bytes:
        lines = answer(query["cmd"]).decode().splitlines()
        lines[3] = lines[3].replace("0.75", "0.5")
        lines[4] = lines[4].replace("0.75", "")
        return "\n".join(lines).encode()

    monkeypatch.setattr(skyserver, "picture", tampered)
    result = fetch_votes("zooNoSpec", tmp_path / "v.csv", base_url=skyserver.url, progress=False, **PACE)
    assert result.rows == 25
    assert [(each.item, each.kind) for each in result.findings] == [
        (str(FIRST + 1), "votes-do-not-sum"),
        (str(FIRST + 2), "votes-do-not-sum"),
    ]
    assert "add up to 0.750, 1 was expected" in result.findings[0].reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"#Table1\nid,ra\n1,2\n", "the table lacks dec, nvote"),
        (b'{"error": "no"}', "the table lacks id, ra, dec"),
        (
            b"<html><body>Maximum 60 queries allowed per minute</body>",
            "Maximum 60 queries allowed per minute",
        ),
    ],
)
def test_what_is_no_table_of_votes_is_refused(
    skyserver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, reason: str
) -> None:
    monkeypatch.setattr(skyserver, "picture", lambda query: body)
    with pytest.raises(InputError, match=reason):
        fetch_votes("zooNoSpec", tmp_path / "v.csv", base_url=skyserver.url, progress=False, **PACE)
    assert not (tmp_path / "v.csv").exists()


def test_a_table_that_does_not_move_on_is_refused(
    skyserver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = answer(
        "SELECT TOP 5 dr7objid AS id, ra, dec, nvote, p_el, p_cw, p_acw, p_edge, p_dk, p_mg, p_cs "
        "FROM zooNoSpec WHERE dr7objid > 0 ORDER BY dr7objid"
    )
    monkeypatch.setattr(skyserver, "picture", lambda query: same)
    with pytest.raises(InputError, match="not sorted by id"):
        fetch_votes("zooNoSpec", tmp_path / "v.csv", base_url=skyserver.url, page=5, progress=False, **PACE)


def test_a_query_of_ones_own(archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.bodies[PATH] = ("text/plain", b"#Table1\nobjid,z\n1237666338116206715,0.5\n")
    options = {"base_url": archive.url} | PACE
    result = query_skyserver("SELECT TOP 1\n  objid, z FROM SpecObj", tmp_path / "q.csv", **options)
    assert rows_of(result.path) == [{"objid": "1237666338116206715", "z": "0.5"}]
    assert (result.rows, result.findings) == (1, ())
    query = parse_qs(urlsplit(archive.log[0][0]).query)
    assert query == {"cmd": ["SELECT TOP 1 objid, z FROM SpecObj"], "format": ["csv"]}
    monkeypatch.setattr(sdss_sql, "ROW_LIMIT", 1)
    again = query_skyserver("SELECT TOP 1 objid, z FROM SpecObj", tmp_path / "q.csv", **options)
    assert [finding.kind for finding in again.findings] == ["cut-off"]
    assert len(archive.log) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"table": "zooNospec"}, "known are: zooNoSpec, zooSpec, zoo2MainSpecz"),
        ({"table": "zooSpec", "rows": 0}, "at least one row"),
        ({"table": "zooSpec", "page": 600_000}, "a page has 1 to 500,000 rows"),
        ({"table": "zooSpec", "release": "18"}, "a data release such as dr18"),
    ],
)
def test_a_wrong_call_asks_nothing(tmp_path: Path, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        fetch_votes(output=tmp_path / "v.csv", progress=False, **options)
    assert not (tmp_path / "v.csv").exists()


def test_a_page_that_ends_amid_a_row_is_asked_for_again(
    skyserver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[str] = []

    def broken(sql: str) -> bytes:
        if f"> {FIRST + 9} " in sql and not cut:
            cut.append(sql)
            return answer(sql).rsplit(b",", 2)[0]
        return answer(sql)

    monkeypatch.setattr(skyserver, "picture", lambda query: broken(query["cmd"]))
    options = {"base_url": skyserver.url, "page": 10, "progress": False} | PACE
    result = fetch_votes("zooSpec", tmp_path / "votes.csv", **options)
    assert cut
    assert [row["id"] for row in rows_of(result.path)] == [str(FIRST + row) for row in range(25)]
    assert not result.findings


def test_a_query_whose_answer_always_ends_amid_a_row_fails(
    skyserver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skyserver, "picture", lambda _: b"ra,dec\n1,2\n3")
    with pytest.raises(InputError, match=r"row 2, the last, has 1 values of 2: it breaks off"):
        query_skyserver("SELECT ra, dec FROM Galaxy", tmp_path / "a.csv", base_url=skyserver.url, **PACE)
    assert not (tmp_path / "a.csv").exists()


def test_a_blank_query_is_not_asked(skyserver: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the query is blank"):
        query_skyserver(" \n", tmp_path / "a.csv", base_url=skyserver.url, **PACE)
    assert not skyserver.log
    assert not list(tmp_path.iterdir())
