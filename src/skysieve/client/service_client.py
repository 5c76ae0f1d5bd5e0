"""Calls to the REST API of a night service, tried again where that is safe."""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx

from skysieve.atomic_file import replacing
from skysieve.client.candidate import Candidate
from skysieve.errors import AccessError, ConfigurationError, DownloadError, InputError, ServiceError

__all__ = ["TOKEN_VARIABLE", "URL_VARIABLE", "ServiceClient"]

#: Environment variables with the address of the service and the token.
URL_VARIABLE, TOKEN_VARIABLE = "SKYSIEVE_URL", "SKYSIEVE_TOKEN"

#: Calls of one request, and the longest pause between two, seconds.
TRIES, LONGEST_PAUSE_S = 5, 10.0
#: Answers after which the same request may go well.
_PASSING = frozenset({429, 502, 503, 504})
_CHUNK = 1 << 16


class ServiceClient:
    """A connection to a night service.

    What may be repeated without harm is tried again when the connection breaks or the service restarts: a
    label carries a key by which the service knows it again. Only a comment is sent once.

    Parameters
    ----------
    url : str, optional
        Address of the service; the environment variable ``SKYSIEVE_URL`` if not given.
    token : str, optional
        A token of the service; the environment variable ``SKYSIEVE_TOKEN`` if not given.
    timeout_s : float
        Longest silence, seconds.
    transport : httpx.BaseTransport, optional
        In place of the network, for tests.

    Raises
    ------
    ConfigurationError
        If no address or no token is given.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url = url or os.environ.get(URL_VARIABLE, "")
        token = token or os.environ.get(TOKEN_VARIABLE, "")
        if not url.startswith(("http://", "https://")):
            found = f"{url!r} is no address of a service" if url else "the service has no address"
            raise ConfigurationError(
                f"{found}: give one such as http://127.0.0.1:8765, or set {URL_VARIABLE}"
            )
        if not token:
            raise ConfigurationError(
                f"the service wants a token: give one, or set {TOKEN_VARIABLE}; "
                "`skysieve users token` makes one"
            )
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/api/v1/",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=timeout_s,
            transport=transport,
        )

    def __enter__(self) -> ServiceClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def candidates(
        self,
        where: str = "",
        *,
        sort: str = "-score",
        night: str = "",
        cone: tuple[float, float, float] | None = None,
        most: int | None = None,
        page: int = 200,
    ) -> Iterator[Candidate]:
        """Search candidates, page after page as they are read.

        Parameters
        ----------
        where : str
            Filter in the service's language: ``score >= 0.9 and label is empty``.
        sort : str
            Field to sort by; a minus in front: the largest first.
        night : str
            ``YYYYMMDD``; empty: all nights.
        cone : tuple of float, optional
            Right ascension and declination in degrees, radius in arcsec.
        most : int, optional
            So many at the most.
        page : int
            Candidates fetched at once.

        Yields
        ------
        Candidate
            In the order of ``sort``.

        Raises
        ------
        InputError
            If the service does not understand the filter; the message says where.
        """
        query = self._query(where, sort=sort, night=night, cone=cone)
        left = most
        while left is None or left > 0:
            query["limit"] = page if left is None else min(page, left)
            body = self._json("GET", "candidates", params=query)
            for item in body["items"]:
                yield Candidate.of_body(item)
            if left is not None:
                left -= len(body["items"])
            if not body["next"]:
                return
            query["cursor"] = body["next"]

    def count(self, where: str = "", *, night: str = "") -> int:
        """Count what a search finds; 10,000 means as many or more."""
        return int(self._json("GET", "candidates/count", params=self._query(where, night=night))["count"])

    def candidate(self, number: int) -> dict[str, Any]:
        """Return a candidate with all scores, verdicts and labels, as the API tells of it."""
        return self._object("GET", f"candidates/{number:d}")

    def find(self, survey: str, name: str) -> list[Candidate]:
        """Return the candidates of a survey's identifier."""
        body = self._json("GET", f"candidates/by-name/{quote(survey, safe='')}/{quote(name, safe='')}")
        return [Candidate.of_body(item) for item in body]

    def history(self, number: int) -> list[dict[str, Any]]:
        """Return the light curve of a candidate's object: ``jd``, ``mag``, ``band``, ``detected`` ..."""
        return list(self._json("GET", f"candidates/{number:d}/history"))

    def label(self, number: int, value: str, *, campaign_id: int | None = None) -> dict[str, Any]:
        """Say what a candidate is.

        Parameters
        ----------
        number : int
            The candidate.
        value : str
            A class of the taxonomy: ``real``, ``bogus`` ...
        campaign_id : int, optional
            The campaign that asked.
        """
        body = {"value": value, "campaign_id": campaign_id, "request_key": uuid.uuid4().hex}
        return self._object("POST", f"candidates/{number:d}/labels", json=body)

    def comment(self, number: int, text: str) -> dict[str, Any]:
        """Remark something on a candidate."""
        path = f"candidates/{number:d}/comments"
        return self._object("POST", path, tries=1, json={"text": text})

    def nights(self) -> list[str]:
        """Return the names of all nights, the latest first."""
        return list(self._json("GET", "nights"))

    def counts(self, night: str) -> dict[str, Any]:
        """Return what a night holds, in numbers."""
        return self._object("GET", f"nights/{quote(night, safe='')}")

    def scorers(self) -> list[dict[str, Any]]:
        """Return every model and sieve that has scored."""
        return list(self._json("GET", "scorers"))

    def quarantine(self, state: str = "open") -> list[dict[str, Any]]:
        """Return what was kept aside, the latest first."""
        return list(self._json("GET", "quarantine", params={"state": state}))

    def retry(self, numbers: list[int] | None = None) -> int:
        """Try items of the quarantine again, all open ones if none is named; return how many."""
        return int(self._json("POST", "quarantine/retry", json={"ids": numbers or []})["retried"])

    def send(self, path: str | Path) -> dict[str, Any]:
        """Send a file in: a packet, a picture, a table or an archive; return what became of it."""
        path = Path(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(str(path), "unreadable-file", f"cannot be read: {error.strerror}") from None
        headers = {"Content-Type": "application/octet-stream"}
        return self._object("PUT", f"items/{quote(path.name, safe='')}", content=data, headers=headers)

    def export(
        self,
        output: str | Path,
        where: str = "",
        *,
        format: str = "csv",  # noqa: A002 - the word that a caller looks for
        night: str = "",
        cone: tuple[float, float, float] | None = None,
    ) -> Path:
        """Write everything that a search finds into a file; it is there whole or not at all.

        Parameters
        ----------
        output : path
            The file.
        where, night, cone
            As of `candidates`.
        format : {"csv", "parquet", "votable", "fits", "avro"}
            Format.
        """
        output = Path(output)
        query = self._query(where, night=night, cone=cone) | {"format": format}
        with replacing(output) as partial, partial.open("wb") as file:
            self._stream("export", query, file)
        return output

    def cutouts(self, number: int, output: str | Path) -> Path:
        """Write the file of a candidate's cutouts."""
        output = Path(output)
        with replacing(output) as partial, partial.open("wb") as file:
            self._stream(f"candidates/{number:d}/cutouts", {}, file)
        return output

    def _query(
        self,
        where: str,
        *,
        sort: str = "",
        night: str = "",
        cone: tuple[float, float, float] | None = None,
    ) -> dict[str, Any]:
        query: dict[str, Any] = {"where": where, "sort": sort, "night": night}
        if cone is not None:
            query |= dict(zip(("ra", "dec", "radius"), cone, strict=True))
        return {name: value for name, value in query.items() if value != ""}

    def _stream(self, path: str, query: Mapping[str, Any], file: BinaryIO) -> None:
        try:
            with self._http.stream("GET", path, params=query) as answer:
                if answer.is_error:
                    answer.read()
                    raise _error_of(answer)
                for chunk in answer.iter_bytes(_CHUNK):
                    file.write(chunk)
        except httpx.TransportError as error:
            raise DownloadError(f"{self._http.base_url}{path}: broke off ({error}); run it again") from None

    def _object(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        body: dict[str, Any] = self._json(method, path, **arguments)
        return body

    def _json(self, method: str, path: str, *, tries: int = TRIES, **arguments: Any) -> Any:
        for left in reversed(range(tries)):
            pause = min(LONGEST_PAUSE_S, 0.2 * 2 ** (tries - left)) * random.uniform(0.5, 1.0)  # noqa: S311
            try:
                answer = self._http.request(method, path, **arguments)
            except httpx.TransportError as error:
                if not left:
                    raise ServiceError(f"{self._http.base_url}: does not answer ({error})") from None
                time.sleep(pause)
                continue
            if answer.status_code in _PASSING and left:
                time.sleep(_asked_pause(answer, pause))
                continue
            if answer.is_error:
                raise _error_of(answer)
            return answer.json()
        raise AssertionError("unreachable")


def _asked_pause(answer: httpx.Response, pause: float) -> float:
    """Return how long to wait: as long as the service asks, within reason."""
    asked = answer.headers.get("Retry-After", "")
    return min(LONGEST_PAUSE_S, float(asked)) if asked.isdigit() else pause


def _error_of(answer: httpx.Response) -> Exception:
    """Return the exception that an answer stands for."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    words = str(body.get("error") or body.get("detail") or answer.reason_phrase)
    where = str(answer.request.url.copy_with(query=None))
    if answer.status_code in (401, 403):
        return AccessError(f"{where}: {words}")
    if 400 <= answer.status_code < 500:
        item = str(body.get("item") or where)
        return InputError(item, str(body.get("kind") or "refused"), words.removeprefix(f"{item}: "))
    request = f" (request {body['request_id']})" if body.get("request_id") else ""
    return ServiceError(f"{where}: answered {answer.status_code}: {words}{request}")
