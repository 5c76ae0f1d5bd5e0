"""How the tests of reports read a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Counts tags, keeps text and attributes, and checks that elements close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, *names: str) -> list[str]:
        return [value for key, value in self.attributes if key in names]


def read(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert not page.tags["script"]
    assert all(value.startswith("data:") for value in page.values("src"))
    links = page.values("href", "xlink:href")
    assert all(value.startswith(("#", "data:")) for value in links)
    assert not re.search(r"@import|url\((?!#)", text)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {value[1:] for value in links if value.startswith("#")} <= set(ids)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    return page


@pytest.fixture(scope="session")
def read_page() -> Callable[[Path], Page]:
    """Return what parses a report and checks what holds for every one: it needs nothing but itself."""
    return read
