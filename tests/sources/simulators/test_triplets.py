from dataclasses import fields

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators.artefacts import SENTINEL
from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.kinds import KINDS
from skysieve.sources.simulators.triplets import Triplets, simulate_detection, simulate_triplets


@pytest.fixture(scope="module")
def triplets() -> Triplets:
    return simulate_triplets(600, seed=7)


def same(first: Triplets, second: Triplets, where: slice = slice(None)) -> bool:
    return all(
        getattr(first, field.name)[where].tobytes() == getattr(second, field.name).tobytes()
        for field in fields(Triplets)
        if field.name != "kind"
    ) and bool((first.kind[where] == second.kind).all())


def test_same_seed_same_bytes_other_seed_others(triplets: Triplets) -> None:
    again = simulate_triplets(600, seed=7)
    assert same(triplets, again)
    assert not same(simulate_triplets(3, seed=8), simulate_triplets(3, seed=7))


def test_samples_do_not_depend_on_the_chunk(triplets: Triplets) -> None:
    assert same(triplets, simulate_triplets(5, seed=7, start=40), slice(40, 45))


def test_shapes_and_types(triplets: Triplets) -> None:
    assert len(triplets) == 600
    assert triplets.cutouts.shape == (600, 3, 63, 63)
    assert triplets.cutouts.dtype == np.float32
    assert triplets.window.shape == (600, 4)
    for field in fields(Triplets):
        assert getattr(triplets, field.name).shape[0] == 600
    assert len(simulate_triplets(0, seed=1)) == 0
    assert simulate_triplets(1, seed=1, size=31).cutouts.shape == (1, 3, 31, 31)


def test_label_follows_from_kind_and_both_are_as_frequent_as_asked(triplets: Triplets) -> None:
    assert [KINDS[kind].label for kind in triplets.kind] == triplets.label.tolist()
    assert set(triplets.kind) == set(KINDS)
    assert 0.43 < triplets.label.mean() < 0.57
    assert simulate_triplets(20, seed=1, real_fraction=1.0).label.all()
    assert set(simulate_triplets(10, seed=1, kinds=["ghost"]).kind) == {"ghost"}


def test_truth_is_known_for_the_kinds_that_have_one(triplets: Triplets) -> None:
    real = triplets.label == 1
    assert np.isfinite(triplets.magnitude[real]).all()
    assert np.isnan(triplets.magnitude[~real]).all()
    assert (triplets.snr[real] >= 5.5).all()
    hosted = np.isin(triplets.kind, ["hosted-transient", "nuclear-transient"])
    assert (np.isfinite(triplets.host_magnitude) == hosted).all()
    assert triplets.host_offset[triplets.kind == "nuclear-transient"].max() < 1.5
    assert np.isfinite(triplets.star_magnitude[triplets.kind == "variable-star"]).all()


def test_measured_magnitude_is_the_true_one_within_errors(triplets: Triplets) -> None:
    sound = (triplets.kind == "hostless-transient") & np.isfinite(triplets.cutouts).all((1, 2, 3))
    pull = (triplets.measured_magnitude - triplets.magnitude)[sound] * triplets.snr[sound] / 1.0857
    bright = triplets.snr[sound] > 8.0
    assert bright.sum() > 15
    assert abs(np.median(pull[bright])) < 1.0
    assert np.median(np.abs(pull[bright])) < 2.5


def test_difference_is_positive_at_the_centre_of_real_detections(triplets: Triplets) -> None:
    real = (triplets.label == 1) & (triplets.snr > 10.0)
    centre = triplets.cutouts[real, 2, 29:34, 29:34]
    assert (np.nansum(centre, axis=(1, 2)) > 0).mean() > 0.97
    assert not triplets.positive[triplets.kind == "variable-star"].all()


def test_missing_pixels_occur_at_the_rate_of_the_survey(triplets: Triplets) -> None:
    missing = np.isnan(triplets.cutouts[:, 0]).any((1, 2))
    assert 0.08 < missing.mean() < 0.24
    assert (np.isnan(triplets.cutouts[:, 0]) == np.isnan(triplets.cutouts[:, 2])).all()


def test_truncated_cutouts_and_sentinels_occur() -> None:
    many = simulate_triplets(250, seed=5, kinds=["saturated-star"])
    truncated = (many.window != [0, 63, 0, 63]).any(axis=1)
    assert truncated.any()
    for cutouts, (top, bottom, left, right) in zip(
        many.cutouts[truncated], many.window[truncated], strict=True
    ):
        outside = np.ones((63, 63), dtype=bool)
        outside[top:bottom, left:right] = False
        assert np.isnan(cutouts[:, outside]).all()
    sentinel = many.cutouts[:, 1] == np.float32(SENTINEL)
    assert 0.0 < sentinel.any((1, 2)).mean() < 0.2
    assert np.isnan(many.cutouts[:, 0][sentinel]).all()


def test_detections_of_one_object_share_its_sky_but_not_its_noise() -> None:
    camera = Camera(zero_point_scatter=0.0)
    first, second = (
        simulate_detection(
            KINDS["dipole"], camera=camera, size=63, seed=2, index=9, epoch=epoch, band=camera.bands[1]
        )
        for epoch in (0, 1)
    )
    assert first.star_magnitude == second.star_magnitude
    assert first.template_seeing == second.template_seeing
    assert first.seeing != second.seeing
    assert (first.cutouts[0] != second.cutouts[0]).any()


def test_registry_knows_the_simulator() -> None:
    assert SIMULATORS.get("triplets") is simulate_triplets


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n": -1}, ConfigurationError),
        ({"seed": -1}, ConfigurationError),
        ({"real_fraction": 1.5}, ConfigurationError),
        ({"size": 40}, ConfigurationError),
        ({"kinds": ["supernova"]}, UnknownNameError),
        ({"kinds": []}, UnknownNameError),
    ],
)
def test_impossible_requests_are_refused(arguments: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        simulate_triplets(**({"n": 1, "seed": 1} | arguments))  # type: ignore[arg-type]


@pytest.mark.realdata
def test_levels_and_noise_resemble_the_survey(triplets: Triplets, real_data: object) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import gzip

    columns = ["cutoutScience", "cutoutTemplate", "cutoutDifference"]
    table = parquet.read_table(f"{real_data}/ztf_alerts.parquet", columns=columns).to_pydict()

    def spread(image: np.ndarray) -> float:
        return float(1.4826 * np.nanmedian(np.abs(image - np.nanmedian(image))))

    def stamp(blob: bytes) -> np.ndarray:
        raw = gzip.decompress(blob)
        return (
            np.frombuffer(raw, ">f4", 63 * 63, 2880).reshape(63, 63)
            if len(raw) == 20160
            else np.zeros((63, 63))
        )

    survey = np.array([[stamp(table[name][row]) for name in columns] for row in range(0, 800, 4)])
    survey = survey[np.isfinite(survey).all((1, 2, 3)) & (np.abs(survey) < 1e30).all((1, 2, 3))]
    mine = triplets.cutouts[np.isfinite(triplets.cutouts).all((1, 2, 3))]
    for channel in range(3):
        real, simulated = (np.median([spread(item[channel]) for item in items]) for items in (survey, mine))
        assert simulated == pytest.approx(real, rel=0.3)
    assert np.median(mine[:, 0]) == pytest.approx(np.median(survey[:, 0]), rel=0.3)
