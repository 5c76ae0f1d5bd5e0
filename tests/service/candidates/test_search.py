"""Pages of a search: every candidate once, in order, forwards and backwards, whatever comes in meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from skysieve.errors import InputError
from skysieve.service.candidates.search import Search, count_candidates, find_candidates
from skysieve.service.database.tables import Candidate, Cutouts, Night
from skysieve.service.service import Service
from skysieve.service.sky.cells import cell_of

START = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.fixture
def filled(service: Service) -> Service:
    random = np.random.default_rng(7)
    with service.database.writing() as session:
        nights = [Night(name=name) for name in ("20261120", "20261121")]
        session.add_all(nights)
        session.flush()
        for number in range(60):
            ra, dec = 10 + random.normal() * 1e-3, 41 + random.normal() * 1e-3
            candidate = Candidate(
                kind="alert",
                survey="ZTF",
                name=str(number),
                night_id=nights[number % 2].id,
                # Few different values, so that ties are common, and some without any.
                score=None if number % 7 == 0 else round(random.uniform(), 1),
                mag=None if number % 5 == 0 else 17 + number % 4,
                jd=2461365.5 + number % 11,
                ra=ra,
                dec=dec,
                cell=cell_of(ra, dec),
                label=["", "", "real", "bogus"][number % 4],
                first_seen=START + timedelta(microseconds=number // 3),
            )
            session.add(candidate)
            candidate.cutouts = Cutouts(sha256="0" * 64, media_type="image/png", channels=["difference"])
    return service


def _forwards(service: Service, search: Search) -> list[list[str]]:
    pages = []
    while True:
        with service.database.reading() as session:
            page = find_candidates(session, search)
            pages.append([row.name for row in page.rows])
        if not page.next:
            return pages
        search = Search(**{**_asked(search), "cursor": page.next})


def _asked(search: Search) -> dict[str, Any]:
    return {name: getattr(search, name) for name in Search.__dataclass_fields__}


SORTS = [
    "score",
    "-score",
    "mag",
    "-mag",
    "jd",
    "-jd",
    "night",
    "first_seen",
    "-first_seen",
    "label",
    "-label",
]


def _expected(service: Service, sort: str) -> list[str]:
    name = sort.removeprefix("-").replace("night", "jd")
    descending = sort.startswith("-")
    with service.database.reading() as session:
        rows = [(getattr(row, name), row.id, row.name) for row in session.query(Candidate)]
    with_value = sorted((row for row in rows if row[0] not in (None, "")), reverse=descending)
    without = sorted((row[1:] for row in rows if row[0] in (None, "")), reverse=descending)
    return [row[-1] for row in [*with_value, *without]]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_hold_every_candidate_once_in_order(filled: Service, sort: str) -> None:
    expected = _expected(filled, sort)
    for size in (7, 20, 60, 100):
        pages = _forwards(filled, Search(sort=sort, size=size))
        assert [name for page in pages for name in page] == expected
        assert all(len(page) == size for page in pages[:-1])


@pytest.mark.parametrize("sort", SORTS)
def test_previous_leads_back_the_same_way(filled: Service, sort: str) -> None:
    forwards, cursor, previous = [], "", ""
    with filled.database.reading() as session:
        while True:
            page = find_candidates(session, Search(sort=sort, size=9, cursor=cursor))
            forwards.append([row.name for row in page.rows])
            previous, cursor = page.previous, page.next
            if not cursor:
                break
        for expected in reversed(forwards[:-1]):
            page = find_candidates(session, Search(sort=sort, size=9, cursor=previous))
            assert [row.name for row in page.rows] == expected
            assert page.next
            previous = page.previous
    assert previous == ""


def test_first_page_has_no_previous_and_the_last_no_next(filled: Service) -> None:
    with filled.database.reading() as session:
        page = find_candidates(session, Search(size=60))
    assert (page.next, page.previous) == ("", "")


def test_what_comes_in_meanwhile_neither_repeats_nor_hides(filled: Service) -> None:
    expected = _expected(filled, "-score")
    with filled.database.reading() as session:
        first = find_candidates(session, Search(size=20))
        names = [row.name for row in first.rows]
        night = first.rows[0].night_id
    with filled.database.writing() as session:
        session.add(Candidate(kind="alert", survey="ZTF", name="new", night_id=night, score=1.0))
    with filled.database.reading() as session:
        second = find_candidates(session, Search(size=20, cursor=first.next))
        names += [row.name for row in second.rows]
    assert names == expected[:40]


def test_night_filter_and_cone_narrow_a_search(filled: Service) -> None:
    search = Search(where="score > 0.4", night="20261120", ra=10.0, dec=41.0, radius=5.0, sort="separation")
    with filled.database.reading() as session:
        page = find_candidates(session, search)
        assert 0 < len(page.rows) < 30
        assert count_candidates(session, search) == len(page.rows)
        assert count_candidates(session, search, most=2) == 2
        assert count_candidates(session, Search(night="20010101")) == 0
        assert list(page.separations) == sorted(page.separations)
        assert page.separations[-1] <= 5.0
        assert all(row.night.name == "20261120" and row.score > 0.4 for row in page.rows)


def test_separation_is_paged_like_any_order(filled: Service) -> None:
    cone = {"ra": 10.0, "dec": 41.0, "radius": 3600.0}
    pages = _forwards(filled, Search(sort="-separation", size=11, **cone))
    whole = _forwards(filled, Search(sort="-separation", size=100, **cone))
    assert [name for page in pages for name in page] == whole[0]
    assert len(whole[0]) == 60


def test_a_page_takes_the_same_statements_however_many_rows(filled: Service) -> None:
    seen: list[str] = []
    event.listen(
        filled.database.engine,
        "before_cursor_execute",
        lambda *given: seen.append(given[2]),
    )
    counts = []
    for size in (2, 50):
        seen.clear()
        with filled.database.reading() as session:
            page = find_candidates(session, Search(sort="jd", size=size))
            assert all(row.night.name and row.cutouts.sha256 for row in page.rows)
        counts.append(sum(text.startswith("SELECT") for text in seen))
    assert counts == [2, 2]


@pytest.mark.parametrize(
    ("search", "kind"),
    [
        (Search(sort="colour"), "bad-sort"),
        (Search(sort="separation"), "bad-sort"),
        (Search(sort="--score"), "bad-sort"),
        (Search(ra=10.0), "bad-cone"),
        (Search(ra=10.0, dec=95.0, radius=1.0), "bad-cone"),
        (Search(size=0), "bad-size"),
        (Search(size=1001), "bad-size"),
        (Search(where="scor > 1"), "bad-filter"),
        (Search(cursor="nonsense"), "bad-cursor"),
    ],
)
def test_what_is_no_search_is_refused(sqlite_service: Service, search: Search, kind: str) -> None:
    with sqlite_service.database.reading() as session, pytest.raises(InputError) as caught:
        find_candidates(session, search)
    assert caught.value.kind == kind


def test_cursor_of_another_search_is_refused(filled: Service) -> None:
    with filled.database.reading() as session:
        cursor = find_candidates(session, Search(size=5)).next
        with pytest.raises(InputError, match="belongs to another search"):
            find_candidates(session, Search(sort="score", size=5, cursor=cursor))
        assert find_candidates(session, Search(size=50, cursor=cursor)).rows
