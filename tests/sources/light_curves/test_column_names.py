from __future__ import annotations

import pytest

from skysieve.errors import ConfigurationError
from skysieve.sources.light_curves import ColumnNames
from skysieve.sources.light_curves.column_names import guess_columns

CATALOGUES = {
    # name: (columns of points, columns of curves, id, time, value, error, band, quantity)
    "CRTS": ("MasterID Mag Magerr RA Dec MJD Blend", "", "MasterID MJD Mag Magerr - magnitude"),
    "PLAsTiCC": (
        "object_id mjd passband flux flux_err detected_bool",
        "",
        "object_id mjd flux flux_err passband flux",
    ),
    "ZTF release": (
        "hmjd mag magerr clrcoeff catflags",
        "objectid filterid fieldid rcid objra objdec nepochs",
        "objectid hmjd mag magerr filterid magnitude",
    ),
    "LSDB": (
        "lc.mjd lc.mag lc.magerr lc.band",
        "_healpix_29 ps1_objid ra dec",
        "- lc.mjd lc.mag lc.magerr lc.band magnitude",
    ),
    "Rubin": (
        "src.midpointMjdTai src.psfFlux src.psfFluxErr src.band",
        "diaObjectId ra dec",
        "diaObjectId src.midpointMjdTai src.psfFlux src.psfFluxErr src.band flux",
    ),
    "alerts": ("objectId jd fid magpsf sigmapsf", "", "objectId jd magpsf sigmapsf fid magnitude"),
    "VizieR": ("Star HJD e_mag mag Filter", "", "- HJD mag e_mag Filter magnitude"),
}


@pytest.mark.parametrize("name", CATALOGUES)
def test_usual_names_are_found(name: str) -> None:
    points, curves, expected = CATALOGUES[name]
    columns = dict.fromkeys(points.split(), bool(curves)) | dict.fromkeys(curves.split(), False)
    names, quantity, guessed = guess_columns(ColumnNames(), columns, name)
    *wanted, kind = ["" if word == "-" else word for word in expected.split()]
    found = [names.id, names.time, names.value, names.error, names.band]
    assert quantity == kind
    if name == "VizieR":
        wanted[0] = "Star"
    assert found == wanted
    assert set(guessed) >= {"time", "value"}


def test_a_given_name_goes_before_a_usual_one() -> None:
    columns = dict.fromkeys(["id", "mjd", "hjd", "mag", "magerr", "err2"], False)
    names, _, guessed = guess_columns(ColumnNames(time="hjd", error="none"), columns, "table")
    assert (names.time, names.error) == ("hjd", "")
    assert "time" not in guessed


def test_fluxes_are_preferred_when_asked_for() -> None:
    columns = dict.fromkeys(["id", "mjd", "mag", "magerr", "flux", "fluxerr"], False)
    names, quantity, _ = guess_columns(ColumnNames(), columns, "table", "flux")
    assert (names.value, names.error, quantity) == ("flux", "fluxerr", "flux")
    assert guess_columns(ColumnNames(), columns, "table")[0].error == "magerr"


def test_errors_name_the_nearest_column_and_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'obstime'"):
        guess_columns(ColumnNames(time="obs_time"), {"obstime": False, "mag": False}, "t.csv")
    with pytest.raises(ConfigurationError, match=r"time of a point; it has when, mag: say .* columns.time="):
        guess_columns(ColumnNames(), {"when": False, "mag": False}, "t.csv")
