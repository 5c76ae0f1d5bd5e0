"""Cutouts as browsers get them: what they are, and how long they may be kept."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from skysieve.service.accounts.roles import Role


@pytest.fixture
def service(sqlite_service):
    """Return a service: files have nothing to do with the kind of database."""
    return sqlite_service


def unpack(content: bytes) -> tuple[dict, list[np.ndarray]]:
    length = struct.unpack("<I", content[:4])[0]
    header = json.loads(content[4 : 4 + length])
    images, at = [], 4 + length
    for channel in header["channels"]:
        size = channel["height"] * channel["width"]
        flat = np.frombuffer(content, "<f4", size, at)
        images.append(flat.reshape(channel["height"], channel["width"]))
        at += 4 * size
    assert at == len(content)
    return header, images


def test_pixels_are_those_that_came_in(client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.VIEWER)
    answer = client.get(f"/api/v1/candidates/{first}/pixels")
    header, images = unpack(answer.content)
    assert [each["name"] for each in header["channels"]] == ["science", "template", "difference"]
    assert header["pixel_scale"] == pytest.approx(1.012)
    assert header["upright"] is False
    assert np.isnan(images[2][:3]).all()
    assert images[0].shape == (63, 63)
    assert abs(float(np.median(images[0])) - 200) < 5


def test_pixels_are_asked_for_once(client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.SCANNER)
    address = client.get("/api/v1/scanning/queue").json()["candidates"][0]["pixels"]
    named = client.get(address)
    assert "immutable" in named.headers["Cache-Control"]
    plain = client.get(f"/api/v1/candidates/{first}/pixels")
    assert "no-cache" in plain.headers["Cache-Control"]
    again = client.get(address, headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304
    assert not again.content


@pytest.mark.parametrize("channel", ["", "science"])
def test_a_picture_is_there_where_no_script_runs(client, sign_in, make_night, channel):
    first = make_night(1)[0]
    sign_in(client, Role.VIEWER)
    answer = client.get(f"/api/v1/candidates/{first}/picture", params={"channel": channel})
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_a_channel_that_is_not_there_is_an_error(client, sign_in, make_night):
    first = make_night(1)[0]
    sign_in(client, Role.VIEWER)
    answer = client.get(f"/api/v1/candidates/{first}/picture", params={"channel": "../../etc"})
    assert answer.status_code == 404
