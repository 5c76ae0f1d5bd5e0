"""Looked up or walked to: a search finds the same either way."""

from __future__ import annotations

import numpy as np
import pytest

from skysieve.service.candidates import search_plan
from skysieve.service.candidates.search import Search, count_candidates, find_candidates
from skysieve.service.candidates.search_plan import plan_search
from skysieve.service.database.tables import Candidate, MetadataField, Night
from skysieve.service.filters.indexing import index_field
from skysieve.service.service import Service
from skysieve.service.sky.cells import cell_of

SEARCHES = [
    Search(where="mag > 18 and mag < 18.5"),
    Search(where="meta.rb > 0.9 and label is empty", sort="mag"),
    Search(where='object ~ "ZTF1?a*"', sort="-jd"),
    Search(where='object in ("ZTF18a", "ZTF19a") and band = g', night="20261120"),
    Search(where="cone(10, 41, 20) or mag < 16"),
    Search(where="cone(10, 41, 20)", sort="label"),
    Search(where='label = "real" and night >= 20261120', sort="first_seen"),
    Search(where='not label = "real"', ra=10.0, dec=41.0, radius=40.0, sort="-separation"),
]


@pytest.fixture
def filled(sqlite_service: Service) -> Service:
    random = np.random.default_rng(4)
    with sqlite_service.database.writing() as session:
        nights = [Night(name=name) for name in ("20261120", "20261121")]
        session.add_all([*nights, MetadataField(name="rb", type="number")])
        session.flush()
        for number in range(300):
            ra, dec = 10 + random.normal() * 0.01, 41 + random.normal() * 0.01
            candidate = Candidate(kind="alert", survey="ZTF", name=str(number), ra=ra, dec=dec)
            candidate.cell = cell_of(ra, dec)
            candidate.night_id = nights[number % 2].id
            candidate.object_id = f"ZTF{18 + number % 3}{'ab'[number % 2]}"
            candidate.band = "gr"[number % 2]
            candidate.score, candidate.mag = random.uniform(), random.uniform(15, 20)
            candidate.label = ["", "real", "bogus"][number % 3]
            candidate.fields = {"rb": random.uniform()}
            session.add(candidate)
    index_field(sqlite_service.database, "rb")
    return sqlite_service


@pytest.mark.parametrize("search", SEARCHES)
def test_both_ways_find_the_same(filled: Service, search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    with filled.database.reading() as session:
        for few in (0, 5_000):
            monkeypatch.setattr(search_plan, "FEW", few)
            names, cursor = [], ""
            while True:
                page = find_candidates(session, Search(**{**_asked(search), "size": 20, "cursor": cursor}))
                names += [row.name for row in page.rows]
                cursor = page.next
                if not cursor:
                    break
            assert count_candidates(session, search) == len(names)
            found.append(names)
    assert found[0] == found[1]
    assert 0 < len(found[0]) < 300


def test_few_are_looked_up_and_many_walked_to(filled: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_plan, "FEW", 50)
    with filled.database.reading() as session:
        assert plan_search(session, Search(where="mag > 19.9 and score > 0")).few
        assert plan_search(session, Search(where="meta.rb > 0.95 and score > 0")).few
        assert not plan_search(session, Search(where="mag > 16")).few
        assert not plan_search(session, Search(where="mag > 19.9 or score > 0")).few
        assert not plan_search(session, Search(where="not mag < 19.9")).few
        assert not plan_search(session, Search()).few


def _asked(search: Search) -> dict[str, object]:
    return {name: getattr(search, name) for name in Search.__dataclass_fields__}
