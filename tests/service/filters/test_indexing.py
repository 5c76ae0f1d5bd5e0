"""An index behind a field of metadata is made, used, and taken away, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from skysieve.errors import InputError
from skysieve.service.database.tables import Candidate, MetadataField, Night
from skysieve.service.filters.compile import compile_filter
from skysieve.service.filters.fields import describe_fields
from skysieve.service.filters.indexing import drop_field_index, index_field, index_name
from skysieve.service.service import Service

FIELDS = {
    "rb": "number",
    "RB": "number",
    "diaSource.flag": "text",
    "isdiffpos": "truth",
    "odd name": "number",
}


@pytest.fixture
def filled(service: Service) -> Service:
    with service.database.writing() as session:
        night = Night(name="20261120")
        session.add_all([night, *(MetadataField(name=name, type=kind) for name, kind in FIELDS.items())])
        session.flush()
        for number in range(300):
            fields = {
                "rb": number / 300,
                "RB": "text",
                "diaSource.flag": f"f{number}",
                "isdiffpos": number == 7,
            }
            session.add(
                Candidate(kind="alert", survey="ZTF", name=str(number), night_id=night.id, fields=fields)
            )
    return service


def _plan(service: Service, where: str) -> str:
    """Return what the database says of how it would search, were the table a large one."""
    # A connection that has explained the same before would say the same again.
    service.database.close()
    with service.database.reading() as session:
        compiled = (
            select(Candidate.id)
            .where(compile_filter(session, where))
            .compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        )
        explain = "EXPLAIN QUERY PLAN " if service.database.is_sqlite else "EXPLAIN "
        if not service.database.is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        return str(session.connection().exec_driver_sql(explain + str(compiled).replace("%", "%%")).all())


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("rb", "meta.rb > 0.99"),
        ("diaSource.flag", 'meta.diaSource.flag = "f17"'),
        ("diaSource.flag", 'meta.diaSource.flag ~ "f29*"'),
        ("isdiffpos", "meta.isdiffpos = true"),
    ],
)
def test_searches_use_the_index_and_find_the_same(filled: Service, name: str, where: str) -> None:
    def found() -> list[int]:
        with filled.database.reading() as session:
            return list(session.scalars(select(Candidate.id).where(compile_filter(session, where))))

    before = found()
    assert index_name(name) not in _plan(filled, where)
    assert index_field(filled.database, name)
    assert index_name(name) in _plan(filled, where)
    assert sorted(found()) == before
    assert before
    assert drop_field_index(filled.database, name)
    assert index_name(name) not in _plan(filled, where)


def test_a_field_is_told_to_be_indexed(filled: Service) -> None:
    def indexed() -> set[str]:
        with filled.database.reading() as session:
            return {field.name for field in describe_fields(session) if field.indexed}

    assert "meta.rb" not in indexed()
    index_field(filled.database, "rb")
    assert "meta.rb" in indexed()
    assert not index_field(filled.database, "rb")
    drop_field_index(filled.database, "rb")
    assert "meta.rb" not in indexed()
    assert not drop_field_index(filled.database, "rb")


def test_names_that_differ_in_case_have_two_indexes(filled: Service) -> None:
    assert index_field(filled.database, "rb")
    assert index_field(filled.database, "RB")
    assert index_name("rb") in _plan(filled, "meta.rb > 0.5")


def test_what_cannot_be_indexed_is_refused(filled: Service) -> None:
    with pytest.raises(InputError, match="no candidate has a field 'rbb'; did you mean rb"):
        index_field(filled.database, "rbb")
    with pytest.raises(InputError, match="letters, digits, underscores and dots"):
        index_field(filled.database, "odd name")
