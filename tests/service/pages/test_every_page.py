"""Every page as every role: what it shows, and who may not see it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Feed, QuarantinedItem, WorkerBeat

ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>'

#: Address, and the least role.
PAGES = [
    ("/", Role.VIEWER),
    ("/?night=all", Role.VIEWER),
    ("/tonight/part", Role.VIEWER),
    ("/search", Role.VIEWER),
    ("/search?where=passes+%3D+true&view=gallery", Role.VIEWER),
    ("/candidates/{id}", Role.VIEWER),
    ("/scan", Role.SCANNER),
    ("/scan?mode=grid&hide=true", Role.SCANNER),
    ("/scan/candidates/{id}", Role.SCANNER),
    ("/quarantine", Role.CURATOR),
]


class _Markup(HTMLParser):
    """Collects what a browser would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.found += [name for name in given if name.startswith("on") or name == "style"]
        inline = tag == "script" and not (given.get("src") or "").startswith("/static/")
        foreign = tag == "img" and not (given.get("src") or "").startswith("/api/")
        if inline or foreign or tag in ("style", "i"):
            self.found.append(f"{tag} {given}")


def no_markup_of(page: str) -> None:
    """Fail if anything that came in became markup, or the page needs what its policy forbids."""
    parser = _Markup()
    parser.feed(page)
    assert parser.found == []


def test_a_page_is_shown_to_its_roles_and_to_no_other(new_client, sign_in, make_night):
    first = make_night(3)[0]
    for role in Role:
        client = new_client()
        sign_in(client, role)
        for address, least in PAGES:
            answer = client.get(address.format(id=first))
            assert answer.status_code == (200 if role >= least else 403), (address, role)
            no_markup_of(answer.text)


def test_who_has_not_signed_in_sees_no_page(client, make_night):
    first = make_night(1)[0]
    for address, _ in PAGES:
        answer = client.get(address.format(id=first))
        assert answer.status_code in (302, 303, 401)
        assert "ZTF26" not in answer.text


@pytest.mark.parametrize("address", ["/", "/search", "/scan", "/quarantine"])
def test_a_service_without_a_night_has_its_pages_all_the_same(client, sign_in, address):
    sign_in(client, Role.ADMIN)
    assert client.get(address).status_code == 200


def test_what_comes_in_is_shown_as_text(service, client, sign_in, make_night):
    given = {"object_id": ATTACK, "band": "<i>", "source": ATTACK}
    first = make_night(1, **given, fields={ATTACK: ATTACK, "magpsf": ATTACK})[0]
    sign_in(client, Role.CURATOR)
    client.post(f"/candidates/{first}/comments", data={"text": ATTACK, "csrf": client.csrf("/")})
    with service.database.writing() as session:
        session.add(Feed(name="folder", place=ATTACK, error=ATTACK, state="failing"))
        session.add(WorkerBeat(name=ATTACK))
    addresses = ["/candidates/{id}", "/search", "/search?view=gallery", "/scan", "/scan/candidates/{id}", "/"]
    for address in addresses:
        page = client.get(address.format(id=first)).text
        no_markup_of(page)
        assert "alert(" in page


def test_the_quarantine_shows_items_as_text(service, client, sign_in):
    with service.database.writing() as session:
        session.add(QuarantinedItem(feed="folder", item=ATTACK, record=ATTACK, kind="<i>", reason=ATTACK))
    sign_in(client, Role.CURATOR)
    page = client.get("/quarantine").text
    assert "&lt;script&gt;" in page
    no_markup_of(page)


def test_a_filter_that_is_none_is_pointed_at(client, sign_in, make_night):
    make_night(1)
    sign_in(client, Role.VIEWER)
    answer = client.get("/search", params={"where": "scor > 0.9"})
    assert answer.status_code == 400
    assert "did you mean score" in answer.text
    assert "scor &gt; 0.9" in answer.text
    assert "^" in answer.text


def test_a_filter_is_echoed_as_text(client, sign_in):
    sign_in(client, Role.SCANNER)
    for address in ("/search", "/scan"):
        no_markup_of(client.get(address, params={"where": ATTACK}).text)


@pytest.mark.parametrize(
    ("ra", "dec", "found"),
    [("150.0", "2.0", 1), ("10:00:00.00", "+02:00:00.0", 1), ("10 00 00", "2", 1), ("151", "2", 0)],
)
def test_a_position_is_understood_as_people_write_it(client, sign_in, make_night, ra, dec, found):
    make_night(1)
    sign_in(client, Role.VIEWER)
    page = client.get("/search", params={"ra": ra, "dec": dec, "radius": "3", "sort": "separation"}).text
    assert f"{found} candidate{'' if found == 1 else 's'}</b>" in page


@pytest.mark.parametrize(
    "given",
    [
        {"ra": "1"},
        {"ra": "400", "dec": "0"},
        {"ra": "1", "dec": "x"},
        {"ra": "1", "dec": "1", "radius": "-2"},
    ],
)
def test_a_position_that_is_none_is_said_to_be_none(client, sign_in, given):
    sign_in(client, Role.VIEWER)
    answer = client.get("/search", params=given)
    assert answer.status_code == 400
    assert 'id="problem"' in answer.text


def test_pages_of_a_search_follow_each_other(service, client, sign_in, make_night):
    object.__setattr__(service.settings.web, "page_size", 3)
    try:
        make_night(5)
        sign_in(client, Role.VIEWER)
        first = client.get("/search").text
        following = re.search(r'rel="next" href="([^"]+)"', first)
        second = client.get(following[1].replace("&amp;", "&")).text
    finally:
        object.__setattr__(service.settings.web, "page_size", 50)
    names = [re.findall(r"ZTF26aa\d{5}", page) for page in (first, second)]
    assert [len(each) for each in names] == [3, 2]
    assert not set(names[0]) & set(names[1])
    assert 'rel="prev"' in second


def test_the_page_of_a_night_counts_and_warns(service, client, sign_in, make_night):
    make_night(4)
    sign_in(client, Role.VIEWER)
    page = client.get("/").text
    assert "2026-11-20" in page
    assert re.search(r'Pass</dt><dd><span class="figure">2</span>', page)
    assert "passes from 0.5" in page
    assert "none runs" in page
    assert client.get("/?night=19990101").status_code == 404


def test_a_candidate_that_is_not_there_is_not_found(client, sign_in):
    sign_in(client, Role.SCANNER)
    assert client.get("/candidates/4711").status_code == 404
    assert client.get("/scan/candidates/4711").status_code == 404


def test_a_candidate_is_labelled_and_unlabelled_without_scripts(service, client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.SCANNER, name="ada")
    csrf = client.csrf("/")
    answer = client.post(f"/candidates/{first}/labels", data={"value": "bogus", "csrf": csrf})
    assert answer.status_code == 303
    page = client.get(f"/candidates/{first}").text
    assert "You say" in page
    withdraw = re.search(rf"/candidates/{first}/labels/\d+/withdraw", page)[0]
    client.post(withdraw, data={"csrf": csrf})
    page = client.get(f"/candidates/{first}").text
    assert "What is it?" in page
    assert "taken back" in page
    wrong = client.post(f"/candidates/{first}/labels", data={"value": "reel", "csrf": csrf})
    assert wrong.status_code == 303
    assert "did you mean" in client.get(f"/candidates/{first}").text


def test_links_out_are_plain_links_that_tell_nothing(client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.VIEWER)
    page = client.get(f"/candidates/{first}").text
    outside = re.findall(r'<a href="https://[^>]*>', page)
    assert len(outside) >= 7
    assert all('rel="noopener noreferrer"' in link for link in outside)


def test_items_are_tried_again_or_let_go(service, client, sign_in):
    sha256 = service.files.put(b"no packet")
    with service.database.writing() as session:
        rows = [
            QuarantinedItem(feed="folder", item=f"{at}.avro", kind="not-avro", reason="no", sha256=sha256)
            for at in range(2)
        ]
        session.add_all(rows)
        session.flush()
        ids = [row.id for row in rows]
    sign_in(client, Role.CURATOR)
    csrf = client.csrf("/")
    client.post("/quarantine/dismiss", data={"ids": [str(ids[0])], "csrf": csrf})
    client.post("/quarantine/retry", data={"ids": [str(ids[1])], "csrf": csrf})
    with service.database.reading() as session:
        states = [session.get(QuarantinedItem, each) for each in ids]
        assert [(row.state, row.attempts) for row in states] == [("dismissed", 1), ("open", 2)]
    none = client.post("/quarantine/dismiss", data={"csrf": csrf})
    assert none.status_code == 303
    assert "Choose items first" in client.get("/quarantine").text


def test_the_examples_of_filters_are_filters(client, sign_in):
    sign_in(client, Role.VIEWER)
    examples = re.findall(r'<a href="(/search\?where=[^"]+)"', client.get("/search").text)
    assert len(examples) >= 4
    for example in examples:
        assert client.get(example).status_code == 200, example
