"""Scanning for a campaign in a real browser: everybody's own order, and what gold items teach."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Label
from skysieve.service.labelling.campaigns import CampaignPlan, add_gold, change_state, create_campaign
from skysieve.service.labelling.proposals import chosen_by_id

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PASSWORD = "copper kettle 81 moons"


@pytest.fixture
def service(sqlite_service):
    """Return a service: what a browser does has nothing to do with the kind of database."""
    return sqlite_service


@pytest.fixture
def campaign(service, make_night) -> tuple[int, list[int]]:
    """Return an open campaign of gold items only, and their numbers: every one of them is bogus."""
    ids = make_night(4)
    with service.database.writing() as session:
        plan = CampaignPlan("lessons", "alert", labels_wanted=1)
        made = create_campaign(session, plan, chosen_by_id(session, "alert", ids))
        add_gold(session, made.id, dict.fromkeys(ids, ("bogus", "a known spike")))
        change_state(session, made.id, "open")
        return made.id, ids


@pytest.fixture
def scan(service, live_server, make_user, page, campaign) -> Page:
    """Return the page on which somebody scans the campaign."""
    make_user("ada", Role.SCANNER)
    server = live_server(service)
    page.goto(f"{server}/sign-in?next=/scan%3Fcampaign={campaign[0]}")
    page.fill("input[name=name]", "ada")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("campaign="))
    page.wait_for_selector("#cutouts[data-drawn]")
    return page


def test_a_gold_item_is_told_once_it_is_labelled(service, scan, campaign):
    gold = scan.locator("#gold")
    expect(gold).to_be_hidden()
    scan.keyboard.press("r")
    expect(gold).to_contain_text("You said real, but ZTF26aa")
    expect(gold).to_contain_text("is known to be bogus (a known spike)")
    scan.keyboard.press("Escape")
    expect(gold).to_be_hidden()
    scan.keyboard.press("b")
    expect(gold).to_contain_text("Right: ZTF26aa")
    with service.database.reading() as session:
        labels = session.scalars(select(Label).order_by(Label.id)).all()
        assert [(label.value, label.campaign_id, label.machine_hidden) for label in labels] == [
            ("real", campaign[0], True),
            ("bogus", campaign[0], True),
        ]


def test_a_campaign_hides_the_machine_and_ends(scan, campaign):
    expect(scan.locator("#place")).to_have_text(f"1 of {len(campaign[1])}")
    expect(scan.locator("#beside")).to_contain_text("The machine is hidden")
    scan.keyboard.press("h")
    expect(scan.locator("#toast")).to_contain_text("hides the machine")
    for at in range(len(campaign[1])):
        expect(scan.locator("#place")).to_contain_text(f"{at + 1} of")
        scan.keyboard.press("b")
    expect(scan.locator("#finished")).to_contain_text("bogus 4")
