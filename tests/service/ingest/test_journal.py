"""The journal: claims, lines, and what is to be taken anew."""

from sqlalchemy import select

from skysieve.service.database.tables import JournalEntry
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.journal import Line, claim, forget, known_stamps, write_lines


def _item(name, stamp="1", feed="folder"):
    return Item(feed, name, stamp, data=b"")


def _take(service, *items):
    """Take items as a receiver does, and return those that another had taken."""
    with service.database.writing() as session:
        taken = claim(session, items)
        left = [item for item in items if (item.feed, item.name) not in taken]
        write_lines(session, [Line(item, "stored", 1) for item in left])
    return taken


def _known(service, *keys):
    with service.database.reading() as session:
        return known_stamps(session, keys)


def test_an_item_is_claimed_by_one(service):
    assert _take(service, _item("b"), _item("a")) == set()
    assert _take(service, _item("a"), _item("b", stamp="2"), _item("a", feed="kafka")) == {("folder", "a")}
    keys = [("folder", "a"), ("folder", "b"), ("kafka", "a"), ("kafka", "b")]
    assert _known(service, *keys) == dict(zip(keys, ["1", "2", "1"], strict=False))


def test_a_claim_that_is_given_up_leaves_nothing(service):
    class GivenUpError(Exception):
        pass

    try:
        with service.database.writing() as session:
            claim(session, [_item("a")])
            raise GivenUpError
    except GivenUpError:
        pass
    assert _known(service, ("folder", "a")) == {}


def test_what_is_forgotten_is_known_and_taken_anew(service):
    _take(service, _item("a"), _item("b"))
    with service.database.writing() as session:
        forget(session, [("folder", "a")])
    assert _known(service, ("folder", "a"), ("folder", "b")) == {("folder", "a"): "", ("folder", "b"): "1"}
    assert _take(service, _item("a")) == set()
    with service.database.reading() as session:
        assert len(session.scalars(select(JournalEntry)).all()) == 2


def test_more_names_than_a_query_takes_are_asked_for(service):
    items = [_item(f"{at}.avro") for at in range(1203)]
    assert _take(service, *items) == set()
    assert len(_known(service, *((item.feed, item.name) for item in items))) == 1203
    assert len(_take(service, *items)) == 1203
