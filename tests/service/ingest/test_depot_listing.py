"""Listings of any server name what lies below them, and nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.service.ingest.depots.listing import parse_listing

FOLDER = "https://depot.example/ztf/depot/20190215/"

APACHE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>Index of /ztf</title></head>
<body><h1>Index of /ztf/depot/20190215</h1><table><tr><th><img src="/icons/blank.gif" alt="[ICO]"></th>
<th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td valign="top"><img src="/icons/back.gif"></td><td><a href="/ztf/depot/">Parent Directory</a></td></tr>
<tr><td><a href="02h49m00s-03h14m00s/"><img src="/icons/folder.gif"></a></td>
<td><a href="02h49m00s-03h14m00s/">02h49m00s-03h14m00s/</a></td>
<td align="right">2019-02-15 03:20  </td><td>  - </td></tr>
<tr><td><a href="ztf_20190215_c01_strkcutouts.tar.gz">ztf_20190215_c01_strkcut..&gt;</a></td>
<td align="right">2019-02-15 03:21  </td><td align="right">1.2M</td></tr></table></body></html>"""

NGINX = """<html><head><title>Index of /</title></head><body><h1>Index of /</h1><hr><pre><a href="../">../</a>
<a href="ccd01/">ccd01/</a>                                  15-Feb-2019 03:20                   -
<a href="a%20b_streaks.txt">a b_streaks.txt</a>              15-Feb-2019 03:21              123456
</pre><hr></body></html>"""


def test_listing_of_apache():
    assert [(link.name, link.is_folder, link.mark) for link in parse_listing(APACHE, FOLDER)] == [
        ("02h49m00s-03h14m00s", True, "2019-02-15 03:20 -"),
        ("ztf_20190215_c01_strkcutouts.tar.gz", False, "2019-02-15 03:21 1.2M"),
    ]


def test_listing_of_nginx():
    found = parse_listing(NGINX, FOLDER)
    assert [(link.name, link.url, link.mark) for link in found] == [
        ("ccd01", FOLDER + "ccd01/", "15-Feb-2019 03:20 -"),
        ("a b_streaks.txt", FOLDER + "a%20b_streaks.txt", "15-Feb-2019 03:21 123456"),
    ]


@pytest.mark.parametrize(
    "href",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "sub/deeper.tar.gz",
        "https://evil.example/ztf/depot/20190215/x.tar.gz",
        "//evil.example/x.tar.gz",
        "http://depot.example/ztf/depot/20190215/x.tar.gz",
        "https://depot.example:8443/ztf/depot/20190215/x.tar.gz",
        "https://me@depot.example/ztf/depot/20190215/x.tar.gz",
        "ftp://depot.example/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "x.tar.gz?C=N",
        "#top",
        "",
        ".",
        "./",
        "..",
        ".hidden",
        "a%00b",
        "a%0ab",
        "a%5cb",
        "a:b",
        "%ff%fe",
        "https://[broken/x",
        "x" * 300,
        "..%252f",
    ],
)
def test_link_that_leads_elsewhere_is_left_out(href):
    page = f'<a href="{href}">x.tar.gz</a> 2019-02-15 03:20'
    assert parse_listing(page, FOLDER) == []


@pytest.mark.parametrize(
    "href", ["x.tar.gz", "./x.tar.gz", "/ztf/depot/20190215/x.tar.gz", FOLDER + "x.tar.gz"]
)
def test_link_below_is_found_however_it_is_written(href):
    (link,) = parse_listing(f"<A HREF='{href}'>y</A> 1M", FOLDER)
    assert (link.name, link.url, link.mark) == ("x.tar.gz", FOLDER + "x.tar.gz", "1M")


@given(st.text(max_size=300))
def test_any_page_is_read(page):
    parse_listing(page, FOLDER)


@given(st.text(max_size=60))
def test_what_is_found_lies_right_below(href):
    quoted = href.replace("&", "&amp;").replace('"', "&quot;")
    for link in parse_listing(f'<a href="{quoted}">x</a>', FOLDER):
        parts = urlsplit(link.url)
        assert parts.netloc == "depot.example"
        rest = parts.path.removeprefix("/ztf/depot/20190215/").removesuffix("/")
        assert parts.path.startswith("/ztf/depot/20190215/")
        assert "/" not in rest
        assert rest not in ("", ".", "..")
        assert "/" not in link.name
