"""The scanning page in a real browser. Every test fails for an error on the page or a request elsewhere."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Candidate, Comment, Label

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
PASSWORD = "copper kettle 81 moons"


@pytest.fixture
def service(sqlite_service):
    """Return a service: what a browser does has nothing to do with the kind of database."""
    return sqlite_service


@pytest.fixture
def scan(service, live_server, make_user, open_page):
    """Return a function that signs somebody in and opens an address."""
    make_user("ada", Role.SCANNER)
    server = live_server(service)

    def start(address: str = "/scan?where=&night=", **options) -> Page:
        page = open_page(**options)
        page.goto(f"{server}/sign-in")
        page.fill("input[name=name]", "ada")
        page.fill("input[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{server}/")
        page.goto(server + address)
        return page

    return start


def shown(page: Page, candidate: int) -> None:
    """Wait until the cutouts of a candidate are drawn."""
    page.wait_for_selector(f"#cutouts[data-drawn='{candidate}']")


def all_sent(page: Page) -> None:
    expect(page.locator("#outbox")).to_have_text(re.compile("all sent"))


def labels_in(service) -> dict[int, str]:
    with service.database.reading() as session:
        rows = session.execute(
            select(Label.candidate_id, Label.value).where(Label.withdrawn_at.is_(None)).order_by(Label.id)
        )
        return {row[0]: row[1] for row in rows}


def brightness(page: Page, place: str) -> list[float]:
    """Return the mean level of each canvas within a place: nothing drawn is black."""
    return page.eval_on_selector_all(
        f"{place} canvas",
        """canvases => canvases.map(canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let sum = 0;
            for (let at = 0; at < data.length; at += 4) sum += data[at];
            return sum / (data.length / 4);
        })""",
    )


def test_ten_candidates_are_scanned_by_keys_alone(service, scan, make_night):
    ids = make_night(12)
    page = scan()
    keys = ["r", "b", "r", "Space", "b", "q", "r", "b", "b", "r"]
    for each, key in zip(ids, keys, strict=False):
        shown(page, each)
        page.keyboard.press(key)
    all_sent(page)
    words = {"r": "real", "b": "bogus", "q": "unsure"}
    expected = {each: words[key] for each, key in zip(ids, keys, strict=False) if key in words}
    assert labels_in(service) == expected
    page.keyboard.press("u")
    shown(page, ids[9])
    page.keyboard.press("Control+z")
    shown(page, ids[8])
    all_sent(page)
    del expected[ids[9]], expected[ids[8]]
    assert labels_in(service) == expected
    page.reload()
    # What was skipped or undone is there again, what was labelled is not.
    shown(page, ids[3])
    expect(page.locator("#place")).to_have_text("1 of 5")
    with service.database.reading() as session:
        kept = session.scalars(select(Label).order_by(Label.id)).first()
        assert kept.origin == "scan"
        assert 0 < kept.seconds < 60


def test_labels_wait_for_a_lost_connection(service, scan, make_night):
    ids = make_night(6)
    page = scan()
    shown(page, ids[0])
    page.wait_for_function("document.querySelectorAll('.thumb').length === 6")
    page.wait_for_load_state("networkidle")
    page.watched.expected += ["ERR_INTERNET_DISCONNECTED"]
    page.context.set_offline(True)
    for each, key in zip(ids, "rbr", strict=False):
        shown(page, each)
        page.keyboard.press(key)
    page.keyboard.press("Backspace")
    expect(page.locator("#outbox")).to_contain_text("2 unsent")
    expect(page.locator("#outbox")).to_contain_text("no connection")
    assert labels_in(service) == {}
    page.context.set_offline(False)
    all_sent(page)
    assert labels_in(service) == {ids[0]: "real", ids[1]: "bogus"}


def test_labels_that_were_not_sent_outlive_the_page(service, scan, make_night):
    ids = make_night(3)
    page = scan()
    shown(page, ids[0])
    page.watched.expected += ["ERR_FAILED"]
    page.route("**/labels", lambda route: route.abort())
    page.keyboard.press("r")
    expect(page.locator("#outbox")).to_contain_text("1 unsent")
    page.goto("about:blank")
    page.unroute("**/labels")
    page.go_back()
    all_sent(page)
    assert labels_in(service) == {ids[0]: "real"}


def test_a_label_that_is_refused_is_told_and_taken_off(service, scan, make_night):
    ids = make_night(3)
    page = scan()
    shown(page, ids[0])
    with service.database.writing() as session:
        session.delete(session.get(Candidate, ids[0]).cutouts)
        session.flush()
        session.delete(session.get(Candidate, ids[0]))
    page.watched.expected += ["400", "404"]
    page.keyboard.press("r")
    expect(page.locator("#toast")).to_contain_text("Not kept")
    all_sent(page)
    expect(page.locator("#done")).to_have_text("")


def test_many_are_selected_and_labelled_at_once(service, scan, make_night):
    ids = make_night(6)
    page = scan("/scan?where=&night=&mode=grid")
    page.wait_for_selector(".card[data-drawn] >> nth=5")
    for key in ("Enter", "ArrowRight", "ArrowRight", "Enter", "b"):
        page.keyboard.press(key)
    expect(page.locator(".card.said")).to_have_count(2)
    all_sent(page)
    assert labels_in(service) == {ids[0]: "bogus", ids[2]: "bogus"}
    page.hover(".card >> nth=4")
    page.keyboard.press("r")
    all_sent(page)
    assert labels_in(service)[ids[4]] == "real"
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    all_sent(page)
    assert labels_in(service) == {}
    assert min(brightness(page, ".card:first-child")) > 5


def test_cutouts_are_drawn_as_they_are_asked_for(scan, make_night):
    ids = make_night(2)
    page = scan()
    shown(page, ids[0])
    asinh = brightness(page, "#cutouts")
    page.keyboard.press("1")
    linear = brightness(page, "#cutouts")
    page.keyboard.press("i")
    inverted = brightness(page, "#cutouts")
    assert len(asinh) == 3
    assert min(asinh) > 20
    assert linear != asinh
    assert inverted[0] > linear[0] + 50
    page.keyboard.press("c")
    expect(page.locator("[data-map]")).to_have_value("viridis")
    for _ in range(3):
        page.keyboard.press("+")
    expect(page.locator("[data-zoom-shown]")).to_have_text("3\N{MULTIPLICATION SIGN}")
    # It is kept for the next time.
    page.reload()
    shown(page, ids[0])
    expect(page.locator("[data-zoom-shown]")).to_have_text("3\N{MULTIPLICATION SIGN}")
    expect(page.locator("[data-stretch=linear]")).to_have_attribute("aria-pressed", "true")


def test_a_hidden_machine_is_nowhere_on_the_page(service, scan, make_night):
    ids = make_night(3)
    page = scan()
    shown(page, ids[0])
    expect(page.locator("#beside")).to_contain_text("braai-test")
    page.keyboard.press("h")
    page.wait_for_url(re.compile("hide=true"))
    shown(page, min(ids))
    expect(page.locator("#beside")).to_contain_text("The machine is hidden")
    content = page.content()
    assert "braai-test" not in content
    assert "drb" not in content
    page.keyboard.press("r")
    all_sent(page)
    with service.database.reading() as session:
        assert session.scalar(select(Label)).machine_hidden is True


def test_a_comment_is_written_without_labelling_by_its_letters(service, scan, make_night):
    ids = make_night(2)
    page = scan()
    shown(page, ids[0])
    page.keyboard.press("m")
    page.keyboard.type(f"bright rubbish {ATTACK}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#beside .remark")).to_have_text(f"bright rubbish {ATTACK}")
    assert labels_in(service) == {}
    with service.database.reading() as session:
        assert session.scalar(select(Comment)).user_id


def test_a_label_of_another_kind_is_told_to_be_none(service, scan, make_night):
    first = make_night(2)[0]
    page = scan()
    shown(page, first)
    page.keyboard.press("5")  # a masked star, among streaks
    expect(page.locator("#toast")).to_have_text("5 is no label of alerts")
    assert labels_in(service) == {}


def test_a_comment_waits_for_a_lost_connection(service, scan, make_night):
    ids = make_night(2)
    page = scan()
    shown(page, ids[0])
    page.watched.expected += ["ERR_INTERNET_DISCONNECTED"]
    page.context.set_offline(True)
    page.keyboard.press("m")
    page.keyboard.type("a comet?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#comment")).to_be_hidden()
    expect(page.locator("#outbox")).to_contain_text("1 unsent")
    page.context.set_offline(False)
    all_sent(page)
    expect(page.locator("#beside .remark")).to_have_text("a comet?")
    with service.database.reading() as session:
        assert session.scalars(select(Comment.text)).all() == ["a comet?"]


def test_one_cutout_is_enlarged(scan, make_night):
    ids = make_night(2)
    page = scan(viewport={"width": 1440, "height": 900})
    shown(page, ids[0])
    widths = "nodes => nodes.map(node => node.clientWidth)"
    before = page.eval_on_selector_all("#cutouts canvas", widths)
    page.click("#cutouts canvas >> nth=2")
    larger = page.eval_on_selector_all("#cutouts canvas", widths)
    assert larger[2] > 1.6 * before[2]
    assert larger[0] < before[0]
    # It stays so for the next; the key goes on to all alike.
    page.keyboard.press("Space")
    shown(page, ids[1])
    assert page.eval_on_selector_all("#cutouts canvas", widths) == larger
    page.keyboard.press("l")
    assert page.eval_on_selector_all("#cutouts canvas", widths) == before


def test_cards_of_one_cutout_are_as_high_as_those_of_three(service, scan, make_night):
    first = make_night(4)[0]
    with service.database.writing() as session:
        candidate = session.get(Candidate, first)
        candidate.kind, candidate.object_id = "streak", ""
        candidate.name = "strkid26001000012150001_pid2600100001215"
        candidate.cutouts.channels = ["difference"]
    page = scan("/scan?where=&night=&mode=grid")
    page.wait_for_selector(".card[data-drawn] >> nth=3")
    heights = page.eval_on_selector_all(".card", "cards => cards.map(card => card.offsetHeight)")
    assert max(heights) - min(heights) <= 2
    # The part of the name that tells it from others is there however narrow the card.
    expect(page.locator(".card-name >> nth=0")).to_have_text("26001000012150001")
    # Each is drawn as its kind is, whichever has the focus.
    among_others = brightness(page, ".card:nth-child(2)")
    page.goto(urljoin(page.url, "/scan?where=kind=%22alert%22&night=&mode=grid"))
    page.wait_for_selector(".card[data-drawn] >> nth=2")
    assert among_others == pytest.approx(brightness(page, ".card:first-child"), rel=0.05)


def test_what_comes_in_is_shown_as_text(scan, make_night):
    ids = make_night(2, object_id=ATTACK, source=ATTACK, fields={ATTACK: ATTACK, "magpsf": ATTACK})
    page = scan()
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    shown(page, ids[0])
    expect(page.locator("#name")).to_have_text(ATTACK)
    expect(page.locator("#beside")).to_contain_text("alert(2)")
    page.keyboard.press("g")
    expect(page.locator(".card-name >> nth=0")).to_have_text(ATTACK)
    for address in (f"/candidates/{ids[0]}", "/search", "/search?view=gallery"):
        page.goto(urljoin(page.url, address))
        expect(page.locator("main")).to_contain_text("onerror=alert(1)")
        assert page.locator("img[src=x]").count() == 0


def test_the_space_bar_skips_after_a_button_was_pressed_with_the_mouse(service, scan, make_night):
    ids = make_night(3)
    page = scan()
    shown(page, ids[0])
    page.click("#classes [data-value=bogus]")
    shown(page, ids[1])
    page.keyboard.press("Space")
    shown(page, ids[2])
    all_sent(page)
    assert labels_in(service) == {ids[0]: "bogus"}


def test_the_end_of_a_queue_is_told(service, scan, make_night):
    ids = make_night(2)
    page = scan()
    for each, key in zip(ids, "rb", strict=True):
        shown(page, each)
        page.keyboard.press(key)
    expect(page.locator("#finished")).to_contain_text("All scanned")
    expect(page.locator("#finished-counts")).to_contain_text("real 1")
    page.keyboard.press("Backspace")
    shown(page, ids[1])
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("an artefact of detector")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_a_phone_shows_every_page_without_scrolling_sideways(scan, make_night):
    first = make_night(3)[0]
    page = scan("/", viewport={"width": 360, "height": 740}, color_scheme="dark")
    addresses = ["/", "/scan?where=&night=", "/scan?where=&mode=grid", "/search", f"/candidates/{first}"]
    for address in addresses:
        page.goto(urljoin(page.url, address))
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_the_theme_is_switched_and_kept(scan, make_night):
    make_night(1)
    page = scan("/", color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("[data-theme-switch]")
    page.click("[data-theme-switch]")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark


def test_a_finger_selects_and_the_buttons_label(service, scan, make_night):
    ids = make_night(4)
    page = scan("/scan?where=&night=&mode=grid", viewport={"width": 390, "height": 800}, has_touch=True)
    page.wait_for_selector(".card[data-drawn] >> nth=3")
    page.tap(".card >> nth=0")
    page.tap(".card >> nth=2")
    expect(page.locator("#selection")).to_have_text("2 selected")
    page.tap("#grid-classes [data-value=bogus]")
    all_sent(page)
    assert labels_in(service) == {ids[0]: "bogus", ids[2]: "bogus"}


def test_what_is_scanned_is_chosen_on_the_page(scan, make_night):
    ids = make_night(4)
    page = scan("/scan")
    page.click(".choose summary")
    page.fill(".choose-form input[name=where]", f"id = {ids[3]}")
    page.select_option("select[name=taxonomy]", label="alerts-detailed v1 (alert)")
    page.click(".choose-form button[type=submit]")
    shown(page, ids[3])
    expect(page.locator("#place")).to_have_text("1 of 1")
    expect(page.locator("#classes")).to_contain_text("cosmic-ray")
    # The letter of a label comes first; the colour map is then on the capital one.
    page.keyboard.press("Shift+C")
    expect(page.locator("[data-map]")).to_have_value("viridis")
    page.keyboard.press("c")
    all_sent(page)
    expect(page.locator("#finished-counts")).to_contain_text("cosmic-ray 1")
