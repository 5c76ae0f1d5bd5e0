"""Small stand-ins for public archives, served from this machine at the paths where those answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skysieve.sources.archives import braai, legacy_survey, sdss, ztf_exposures

__all__ = ["public_archives", "write_braai"]


@pytest.fixture
def public_archives(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    import_experiment: Callable[[str], ModuleType],
) -> Iterator[None]:
    """Serve small stand-ins for public archives from this machine, at the paths where they answer."""
    folder = tmp_path_factory.mktemp("served")
    write_archives(folder)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = (folder / urlsplit(handler.path).path.lstrip("/")).read_bytes()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with import_experiment("local_server").local_server(answer) as url:
        served = tuple(replace(remote, url=url + remote.name) for remote in braai.BRAAI_FILES)
        monkeypatch.setattr(braai, "BRAAI_FILES", served)
        for module in (legacy_survey, sdss, ztf_exposures):
            monkeypatch.setattr(module, "BASE_URL", url)
        yield


def write_archives(folder: Path) -> None:
    """Write braai's public set, pictures of the Legacy Survey and SkyServer, votes, an exposure of ZTF."""
    write_braai(folder)
    write_exposure(folder)
    for name, side in (("jpeg-cutout", 64), ("dr17/SkyServerWS/ImgCutout/getjpeg", 120)):
        sky = np.random.default_rng(side).integers(0, 255, (side, side, 3), dtype=np.uint8)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sky).save(folder / name, "JPEG")
    query = folder / "dr18/SkyServerWS/SearchTools/SqlSearch"
    query.parent.mkdir(parents=True)
    votes = "id,ra,dec,nvote,p_el,p_cw,p_acw,p_edge,p_dk,p_mg,p_cs"
    query.write_text(f"#Table1\n{votes}\n11,1,2,40,.75,.25,0,0,0,0,.25\n12,1,3,40,.75,.75,0,0,0,0,.75\n")


def write_exposure(folder: Path) -> None:
    """Write the search of IRSA, with one exposure, and its frame."""
    search = folder / "search/ztf/products/sci"
    search.parent.mkdir(parents=True)
    columns = "filefracday,field,ccdid,qid,filtercode,imgtypecode,obsjd"
    search.write_text(f"{columns}\n20180411467847,257,1,4,zr,o,2458220.5\n")
    frame = (
        folder / "data/ztf/products/sci/2018/0411/467847/ztf_20180411467847_000257_zr_c01_o_q4_sciimg.fits"
    )
    frame.parent.mkdir(parents=True)
    sky = np.random.default_rng(1).normal(200, 9, (28, 28)).astype(np.float32)
    fits.PrimaryHDU(sky).writeto(frame)


def write_braai(folder: Path) -> None:
    """Write two samples of the public set of braai, as `fetch dataset` leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / braai.BRAAI_FILES[0].name).write_text("candid,label\n1,0\n2,1\n")
    np.save(folder / braai.BRAAI_FILES[1].name, np.zeros((2, 63, 63, 3), "f4"))
