"""The listing of a folder, as web servers write it: links below the folder, and what stands beside each."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

__all__ = ["Link", "parse_listing"]

_LONGEST_NAME, _LONGEST_MARK = 200, 200
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Link:
    """A file or a folder that a listing names.

    Parameters
    ----------
    name : str
        Its name: never a path.
    url : str
        Its address: that of the folder, and the name.
    is_folder : bool
        Whether it was written with a slash at the end.
    mark : str
        What stands behind the link, mostly time and size: another mark means that something has changed.
    """

    name: str
    url: str
    is_folder: bool
    mark: str = ""


def parse_listing(html: str, folder: str) -> list[Link]:
    """Return what a listing names right below its folder, in its order.

    What leads anywhere else is left out: other hosts, the parent folder, deeper paths however they are
    written, queries that sort the columns.

    Parameters
    ----------
    html : str
        The page, however broken.
    folder : str
        Its address, which ends in a slash.

    Examples
    --------
    >>> page = '<a href="../">up</a> <a href="ccd01/">ccd01/</a>  2019-02-15 03:20 <a href="//evil/x">x</a>'
    >>> [(link.name, link.url, link.mark) for link in parse_listing(page, "https://depot/20190215/")]
    [('ccd01', 'https://depot/20190215/ccd01/', '2019-02-15 03:20')]
    """
    parser = _Anchors()
    parser.feed(html)
    parser.close()
    links: dict[str, Link] = {}
    for href, mark in parser.found:
        link = _link(folder, href, mark)
        # An icon and a name may both lead there; the one with the time and size behind it counts.
        if link is not None and (link.name not in links or link.mark):
            links[link.name] = link
    return list(links.values())


class _Anchors(HTMLParser):
    """Collects the targets of links and the text that follows each."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._marks: list[tuple[str, list[str]]] = []
        self._within = False

    @property
    def found(self) -> list[tuple[str, str]]:
        """Targets and marks."""
        return [(href, " ".join("".join(mark).split())[:_LONGEST_MARK]) for href, mark in self._marks]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self._marks.append((href, []))
            self._within = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._within = False

    def handle_data(self, data: str) -> None:
        if self._marks and not self._within:
            self._marks[-1][1].append(data + " ")


def _link(folder: str, href: str, mark: str) -> Link | None:
    try:
        base, target = urlsplit(folder), urlsplit(urljoin(folder, href.strip()))
        if _host(base) != _host(target) or not target.path.startswith(base.path):
            return None
        if target.query or target.fragment or target.username is not None:
            return None
        rest = target.path.removeprefix(base.path)
        name = unquote(rest.removesuffix("/"), errors="strict")
    except ValueError:
        return None
    if not _is_bare(name):
        return None
    is_folder = rest.endswith("/")
    # Written anew from the name: nothing of what the page wrote is asked for as it stands there.
    return Link(name, folder + quote(name, safe="") + "/" * is_folder, is_folder, mark)


def _host(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _is_bare(name: str) -> bool:
    """Say whether it is the name of a file and nothing else, here as there."""
    return (
        0 < len(name) <= _LONGEST_NAME
        and name.isprintable()
        and not name.startswith(".")
        and not any(sign in name for sign in '/\\:*?"<>|')
    )
