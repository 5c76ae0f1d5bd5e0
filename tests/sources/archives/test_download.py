"""Downloads: resumed, verified, and never half there, whatever the server does."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from skysieve.errors import DownloadError, MissingExtraError
from skysieve.sources.archives.download import RemoteFile, download

CONTENT = os.urandom(1_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def remote(server: Any) -> RemoteFile:
    server.files["set.npy"] = CONTENT
    return RemoteFile(url=server.url + "set.npy", name="set.npy", size=len(CONTENT), sha256=SHA256)


def get(remote: RemoteFile, folder: Path, **options: Any) -> Path:
    with httpx.Client(timeout=5) as client:
        return download(remote, folder, client=client, pause=0.0, **options)


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_once(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    path = get(remote, tmp_path / "deep" / "folder")
    assert path.read_bytes() == CONTENT
    assert get(remote, tmp_path / "deep" / "folder") == path
    assert len(server.requests) == 1
    assert kept(path.parent) == ["set.npy"]


def test_progress_is_told(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    server.faults = [("cut", 600_000)]
    seen: list[tuple[int, int | None]] = []
    get(remote, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {len(CONTENT)}


@pytest.mark.parametrize("validator", ["etag", "date"])
def test_a_cut_connection_is_resumed_where_it_broke(
    remote: RemoteFile, server: Any, tmp_path: Path, validator: str
) -> None:
    if validator == "date":
        server.etag, server.last_modified = 'W/"weak"', "Mon, 01 Jan 2024 00:00:00 GMT"
    server.faults = [("cut", 400_000), ("cut", 300_000)]
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [None, "bytes=400000-", "bytes=700000-"]
    assert server.requests[1]["If-Range"] == (server.last_modified or server.etag)
    assert kept(tmp_path) == ["set.npy"]


def test_a_later_call_resumes_what_an_earlier_one_left(
    remote: RemoteFile, server: Any, tmp_path: Path
) -> None:
    server.faults = [("cut", 400_000)] + [("status", 503)] * 5
    with pytest.raises(DownloadError, match=r"HTTP 503; 400,000 bytes are kept"):
        get(remote, tmp_path)
    assert kept(tmp_path) == ["set.npy.part", "set.npy.part.json"]
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == "bytes=400000-"


def test_a_part_of_another_version_is_not_continued(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    server.files["set.npy"] = bytes(1_000_000)
    server.faults = [("cut", 400_000)] + [("status", 503)] * 5
    with pytest.raises(DownloadError):
        get(remote, tmp_path)
    server.files["set.npy"], server.etag = CONTENT, '"v2"'
    assert get(remote, tmp_path).read_bytes() == CONTENT


def test_a_part_of_another_url_is_not_continued(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    server.files["other.npy"] = bytes(1_000_000)
    server.faults = [("cut", 400_000)] + [("status", 503)] * 5
    with pytest.raises(DownloadError):
        get(RemoteFile(url=server.url + "other.npy", name="set.npy"), tmp_path)
    assert get(remote, tmp_path).read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_starts_again(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    server.knows_ranges = False
    server.faults = [("cut", 400_000)]
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert server.requests[1]["Range"] == "bytes=400000-"


def test_without_validator_nothing_is_resumed(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    server.etag = None
    server.faults = [("cut", 400_000)]
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert "Range" not in server.requests[1]


def test_a_part_that_is_complete_is_only_verified(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    server.faults = [("cut", 999_999)] + [("status", 503)] * 5
    with pytest.raises(DownloadError):
        get(remote, tmp_path)
    with (tmp_path / "set.npy.part").open("ab") as stream:
        stream.write(CONTENT[999_999:])
    assert get(remote, tmp_path).read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_dropped(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    server.faults = [("cut", 999_999)] + [("status", 503)] * 5
    with pytest.raises(DownloadError):
        get(remote, tmp_path)
    with (tmp_path / "set.npy.part").open("ab") as stream:
        stream.write(b"x" * 50)
    assert get(remote, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_overloaded_servers_are_asked_again(
    remote: RemoteFile, server: Any, tmp_path: Path, status: int
) -> None:
    server.faults = [("status", status)] * 4
    assert get(remote, tmp_path).read_bytes() == CONTENT


def test_a_server_says_how_long_to_wait(
    remote: RemoteFile, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("skysieve.sources.archives.download.time.sleep", waits.append)
    server.headers = {"Retry-After": "7"}
    server.faults = [("status", 503), ("status", 503)]
    get(remote, tmp_path)
    assert waits == [7.0, 7.0]


def test_pauses_grow(
    remote: RemoteFile, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("skysieve.sources.archives.download.time.sleep", waits.append)
    server.faults = [("status", 503)] * 4
    with httpx.Client() as client:
        download(remote, tmp_path, client=client)
    assert waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final(remote: RemoteFile, server: Any, tmp_path: Path, status: int) -> None:
    server.faults = [("status", status)]
    with pytest.raises(DownloadError, match=str(status)):
        get(remote, tmp_path)
    assert len(server.requests) == 1
    assert kept(tmp_path) == []


def test_a_server_that_is_not_there_is_given_up(tmp_path: Path) -> None:
    remote = RemoteFile(url="http://127.0.0.1:9/x", name="x")
    with pytest.raises(DownloadError, match=r"5 attempts failed, the last with ConnectError"):
        get(remote, tmp_path)


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"sha256": None, "md5": "0" * 32}, {"size": 5}])
def test_a_file_that_is_not_the_one_asked_for_is_not_kept(
    remote: RemoteFile, server: Any, tmp_path: Path, wrong: Any
) -> None:
    values = {"url": remote.url, "name": remote.name, "size": remote.size, "sha256": remote.sha256, **wrong}
    with pytest.raises(DownloadError, match="nothing was kept"):
        get(RemoteFile(**values), tmp_path)
    assert kept(tmp_path) == []


@pytest.mark.parametrize("how", [{"md5": hashlib.md5(CONTENT).hexdigest()}, {"sha256": SHA256.upper()}])
def test_either_checksum_will_do(server: Any, remote: RemoteFile, tmp_path: Path, how: Any) -> None:
    assert get(RemoteFile(url=remote.url, name="set.npy", **how), tmp_path).read_bytes() == CONTENT


def test_a_damaged_file_is_fetched_again(remote: RemoteFile, server: Any, tmp_path: Path) -> None:
    (tmp_path / "set.npy").write_bytes(b"damaged")
    assert get(remote, tmp_path).read_bytes() == CONTENT


def test_without_checksum_the_first_download_is_recorded_and_holds(
    server: Any, remote: RemoteFile, tmp_path: Path
) -> None:
    unknown = RemoteFile(url=remote.url, name="set.npy")
    get(unknown, tmp_path)
    assert (tmp_path / "set.npy.sha256").read_text() == f"{SHA256}  set.npy\n"
    get(unknown, tmp_path)
    assert len(server.requests) == 1

    (tmp_path / "set.npy").write_bytes(CONTENT[:-1] + b"!")
    assert get(unknown, tmp_path).read_bytes() == CONTENT, "later damage is noticed"

    (tmp_path / "set.npy").unlink()
    server.files["set.npy"], server.etag = b"another version", '"v2"'
    with pytest.raises(DownloadError, match=r"first download \(delete .*sha256"):
        get(unknown, tmp_path)
    assert kept(tmp_path) == ["set.npy.sha256"]


def test_an_encoding_that_was_not_asked_for_is_refused(
    remote: RemoteFile, server: Any, tmp_path: Path
) -> None:
    server.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(DownloadError, match="encoded as gzip"):
        get(remote, tmp_path)


def test_an_empty_file_is_a_file(server: Any, tmp_path: Path) -> None:
    server.files["nothing"] = b""
    assert get(RemoteFile(url=server.url + "nothing", name="nothing", size=0), tmp_path).read_bytes() == b""


@pytest.mark.parametrize("name", ["", "..", ".", "../x", "/etc/passwd", "a/b", "a\\b"])
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(DownloadError, match="bare file name"):
        RemoteFile(url="http://127.0.0.1/x", name=name)


def test_without_httpx_the_pip_line_is_named(
    remote: RemoteFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"skysieve\[archives\]"):
        download(remote, tmp_path)


def test_a_client_of_its_own_is_made_where_none_is_given(remote: RemoteFile, tmp_path: Path) -> None:
    assert download(remote, tmp_path).read_bytes() == CONTENT
