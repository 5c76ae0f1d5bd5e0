from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.streaks import STREAK_KINDS, Streaks, simulate_streaks
from skysieve.sources.simulators.streaks.kinds import TRUTH

BOGUS = sorted(name for name, kind in STREAK_KINDS.items() if kind.rb == 0)


def simulated(kind: str, n: int = 80, **options: object) -> Streaks:
    return simulate_streaks(n, seed=11, kinds=[kind], **options)  # type: ignore[arg-type]


def same(first: Streaks, second: Streaks, where: slice = slice(None)) -> bool:
    if first.cutouts[where].tobytes() != second.cutouts.tobytes():
        return False
    pairs = zip(first.columns().values(), second.columns().values(), strict=True)
    return all(np.array_equal(a[where], b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


@pytest.fixture(scope="module")
def mixed() -> Streaks:
    return simulate_streaks(400, seed=7, jpeg=False)


def test_is_registered() -> None:
    assert SIMULATORS.get("streaks") is simulate_streaks


def test_same_seed_same_bytes_other_seed_others() -> None:
    assert same(simulate_streaks(20, seed=7), simulate_streaks(20, seed=7))
    assert not same(simulate_streaks(3, seed=8), simulate_streaks(3, seed=7))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 399), st.integers(0, 4))
def test_samples_depend_on_their_number_only(mixed: Streaks, start: int, n: int) -> None:
    part = simulate_streaks(min(n, 400 - start), seed=7, start=start, jpeg=False)
    assert same(mixed, part, slice(start, start + len(part)))


def test_shapes_and_types(mixed: Streaks) -> None:
    assert mixed.cutouts.shape == (400, 157, 157)
    assert mixed.cutouts.dtype == np.uint8
    assert all(len(column) == 400 for column in mixed.columns().values())
    assert simulate_streaks(2, seed=1, stretch=False).cutouts.dtype == np.float32
    assert simulate_streaks(1, seed=1, size=63).cutouts.shape == (1, 63, 63)
    assert simulate_streaks(0, seed=1).cutouts.shape == (0, 157, 157)


def test_labels_are_those_of_the_kinds(mixed: Streaks) -> None:
    kinds = [STREAK_KINDS[name] for name in mixed.kind]
    assert set(mixed.kind) == set(STREAK_KINDS)
    assert [kind.rb for kind in kinds] == mixed.rb.tolist()
    assert [kind.kd for kind in kinds] == mixed.kd.tolist()
    assert [kind.os for kind in kinds] == mixed.os.tolist()
    assert ((mixed.sl == -1) == (mixed.rb == 0)).all()
    assert (mixed.sl[np.isin(mixed.kind, ["asteroid", "composite", "cosmic-ray"])] == 1).all()
    assert (mixed.sl[mixed.kind == "satellite"] == 0).all()
    assert set(mixed.sl[mixed.kind == "satellite-flashes"].tolist()) == {0, 1}
    assert 0.42 < mixed.os.mean() < 0.58


def test_shares_of_real_and_of_kinds() -> None:
    assert simulate_streaks(20, seed=1, real_fraction=1.0, jpeg=False).os.all()
    assert not simulate_streaks(20, seed=1, real_fraction=0.0, jpeg=False).os.any()
    assert set(simulate_streaks(9, seed=1, kinds=["ghost", "edge"]).kind) == {"ghost", "edge"}
    for real in (0, 1):
        assert sum(kind.share for kind in STREAK_KINDS.values() if kind.os == real) == pytest.approx(1.0)


def test_truth_is_finite_where_there_is_one(mixed: Streaks) -> None:
    streaks, real = mixed.rb == 1, mixed.os == 1
    for name in TRUTH:
        values = getattr(mixed, name)
        promised = real if name in ("magnitude", "rate") else streaks
        if name == "pa":
            promised = promised & (mixed.length > 1.0)
        assert np.isfinite(values[promised]).all(), name
        assert np.isnan(values[~promised]).all() or name == "pa", name
    assert np.isfinite(mixed.seeing).all()
    assert (mixed.sky_sigma > 0).all()
    assert (mixed.snr[streaks] > 8.0).all()


@pytest.mark.parametrize("kind", ["asteroid", "composite"])
def test_asteroids_lie_inside_as_a_whole(kind: str) -> None:
    streaks = simulated(kind, jpeg=False)
    ends = np.stack([streaks.x1, streaks.y1, streaks.x2, streaks.y2])
    assert ends.min() > 0
    assert ends.max() < 156
    np.testing.assert_allclose(np.hypot(ends[2] - ends[0], ends[3] - ends[1]), streaks.length)
    np.testing.assert_allclose(streaks.length_arcsec, streaks.length * 1.01)
    # A degree a day is 1/24 arcsec a second; exposures last 30 s.
    np.testing.assert_allclose(streaks.length_arcsec, streaks.rate * 30.0 / 24.0)
    assert streaks.length.min() >= 4.0
    assert streaks.length.max() < 130.0


def test_asteroids_are_where_the_truth_says() -> None:
    streaks = simulated("asteroid", stretch=False)
    bright = np.flatnonzero((streaks.peak_snr > 12.0) & (streaks.length > 10.0))
    assert len(bright) > 15
    found = []
    for i in bright:
        t = np.linspace(0.1, 0.9, 15)
        x = np.rint(streaks.x1[i] + t * (streaks.x2[i] - streaks.x1[i])).astype(int)
        y = np.rint(streaks.y1[i] + t * (streaks.y2[i] - streaks.y1[i])).astype(int)
        found.append(np.median(streaks.cutouts[i][y, x]))
    # Less than half of a trail may be hidden, so the median is on the trail.
    assert min(found) > 2.0


def test_satellites_cross() -> None:
    streaks = simulated("satellite", jpeg=False)
    for x, y in ((streaks.x1, streaks.y1), (streaks.x2, streaks.y2)):
        away = np.minimum(np.minimum(x + 0.5, 156.5 - x), np.minimum(y + 0.5, 156.5 - y))
        np.testing.assert_allclose(away, 0.0, atol=1e-6)
    assert (streaks.length > 120).all()


def test_flashes_are_short_unless_they_cross() -> None:
    streaks = simulated("satellite-flashes", jpeg=False)
    inside = np.stack([streaks.x1, streaks.y1, streaks.x2, streaks.y2])
    inside = ((inside > 0) & (inside < 156)).all(axis=0)
    assert (inside == (streaks.sl == 1)).all()


def test_cosmic_rays_are_sharper_than_stars() -> None:
    def next_to_peak(kind: str) -> float:
        streaks = simulated(kind, n=250, stretch=False)
        ratios = []
        for cutout in streaks.cutouts[streaks.peak_snr > 20.0]:
            middle = cutout[58:99, 58:99]
            row, column = np.unravel_index(middle.argmax(), middle.shape)
            if 0 < row < 40 and 0 < column < 40:
                ring = middle[row - 1 : row + 2, column - 1 : column + 2].ravel()
                # The least of the eight neighbours: a trail spills over to both of its sides.
                ratios.append(ring.min() / ring.max())
        assert len(ratios) > 20
        return float(np.median(ratios))

    assert next_to_peak("cosmic-ray") < 0.1 < 0.15 < next_to_peak("asteroid")


@pytest.mark.parametrize("kind", sorted(STREAK_KINDS))
def test_every_kind_leaves_sky_of_unit_noise(kind: str) -> None:
    cutouts = simulated(kind, n=12, stretch=False).cutouts
    assert np.isfinite(cutouts).all()
    for cutout in cutouts:
        sky = cutout[cutout != 0.0]
        spread = 1.4826 * np.median(np.abs(sky - np.median(sky)))
        assert 0.85 < spread < 4.0
    typical = [1.4826 * np.median(np.abs(cutout[cutout != 0.0])) for cutout in cutouts]
    assert 0.95 < np.median(typical) < 1.3


def test_noise_is_white_and_grey_is_as_stretched() -> None:
    streaks = simulated("noise", n=40, jpeg=False)
    sky = np.concatenate([cutout[3:60, 3:60].ravel() for cutout in streaks.cutouts]).astype(float)
    assert np.median(sky) == pytest.approx(204, abs=1.5)
    assert 1.4826 * np.median(np.abs(sky - np.median(sky))) == pytest.approx(20.4, rel=0.08)
    correlations = [
        np.corrcoef(cutout[5:150, 5:149].ravel(), cutout[5:150, 6:150].ravel())[0, 1]
        for cutout in simulated("noise", n=40, stretch=False).cutouts
    ]
    assert abs(np.median(correlations)) < 0.03


def test_camera_acts_on_depth_and_width() -> None:
    camera = Camera()
    plain = simulated("asteroid", n=200, jpeg=False)
    bright_sky = tuple(replace(band, sky=16.0 * band.sky) for band in camera.bands)
    moon = simulated("asteroid", n=200, jpeg=False, camera=replace(camera, bands=bright_sky))
    noisy = simulated("asteroid", n=200, jpeg=False, camera=replace(camera, read_noise=80.0))
    blurred = simulated("asteroid", n=200, jpeg=False, camera=replace(camera, seeing=3.5))
    coarse = simulated("asteroid", n=200, jpeg=False, camera=replace(camera, pixel_scale=3.0))
    deep = simulated("asteroid", n=200, jpeg=False, camera=replace(camera, exposure_time=60.0))
    assert np.median(moon.sky_sigma) > 3.0 * np.median(plain.sky_sigma)
    assert np.median(noisy.sky_sigma) > 2.0 * np.median(plain.sky_sigma)
    assert np.median(blurred.seeing) > 1.5 * np.median(plain.seeing)
    # What is flagged is brighter where the sky, the read noise or the seeing are worse.
    for worse in (moon, noisy, blurred):
        assert np.median(worse.magnitude) < np.median(plain.magnitude) - 0.3
    np.testing.assert_allclose(coarse.length_arcsec, coarse.rate * 30.0 / 24.0)
    np.testing.assert_allclose(deep.length_arcsec, deep.rate * 60.0 / 24.0)


def test_cameras_of_any_depth_have_trails_of_the_same_brightness() -> None:
    camera = Camera()
    plain = simulated("asteroid", n=200, jpeg=False)
    deeper = tuple(replace(band, zero_point=band.zero_point + 4.0) for band in camera.bands)
    darker = tuple(replace(band, sky=band.sky / 30.0) for band in camera.bands)
    cameras = {
        "zero points": replace(camera, bands=deeper),
        "sky": replace(camera, bands=darker, read_noise=2.0),
        "exposure time": replace(camera, exposure_time=120.0),
        "pixel scale": replace(camera, pixel_scale=0.5),
    }
    medians = {
        name: np.median(simulated("asteroid", n=200, jpeg=False, camera=each).snr)
        for name, each in cameras.items()
    }
    for name, median in medians.items():
        assert 1 / 1.5 < median / np.median(plain.snr) < 1.5, name
    four = simulated("asteroid", n=200, jpeg=False, camera=cameras["zero points"])
    np.testing.assert_allclose(four.magnitude, plain.magnitude + 4.0)


def test_a_longer_exposure_goes_deeper_and_makes_longer_trails() -> None:
    plain = simulated("asteroid", n=200, jpeg=False)
    longer = simulated("asteroid", n=200, jpeg=False, camera=replace(Camera(), exposure_time=120.0))
    assert np.median(longer.magnitude) > np.median(plain.magnitude) + 0.5
    assert np.median(longer.length) > 1.5 * np.median(plain.length)
    assert np.median(longer.sky_sigma) > 1.3 * np.median(plain.sky_sigma)


@pytest.mark.parametrize("pixel_scale", [0.25, 0.5])
def test_the_width_is_an_angle_whatever_the_pixels(pixel_scale: float) -> None:
    camera = replace(Camera(), seeing_scatter=0.0)
    widths = [
        np.mean(simulated("noise", n=200, jpeg=False, size=48, camera=each).seeing)
        for each in (camera, replace(camera, pixel_scale=pixel_scale))
    ]
    # Only what integration over the pixel adds is smaller: 0.75 pixels in quadrature.
    expected = np.sqrt(widths[0] ** 2 - 0.75**2 * (1.01**2 - pixel_scale**2))
    assert widths[1] == pytest.approx(expected, rel=0.03)


def test_composites_show_both() -> None:
    streaks = simulated("composite", jpeg=False)
    assert (streaks.peak_snr > 2.5).all()
    alone = simulated("asteroid", jpeg=False)
    masked = [(set_.cutouts == 204).mean() for set_ in (streaks, alone)]
    assert masked[0] > 1.3 * masked[1]


@pytest.mark.parametrize(
    "options",
    [{"n": -1}, {"seed": -1}, {"start": -1}, {"size": 40}, {"real_fraction": 1.5}, {"real_fraction": -0.1}],
)
def test_numbers_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        simulate_streaks(**({"n": 1, "seed": 1} | options))  # type: ignore[arg-type]


def test_unknown_kind() -> None:
    with pytest.raises(UnknownNameError, match="comet"):
        simulate_streaks(1, seed=1, kinds=["comet"])


def test_no_kind_at_all() -> None:
    with pytest.raises(UnknownNameError, match="no kind of streak was named; known are: asteroid"):
        simulate_streaks(1, seed=1, kinds=[])


@pytest.mark.parametrize("size", [41, 60, 200])
@pytest.mark.parametrize("camera", [Camera(), Camera(pixel_scale=0.2, seeing=0.8, exposure_time=15.0)])
def test_other_sizes_and_cameras(size: int, camera: Camera) -> None:
    streaks = simulate_streaks(60, seed=3, size=size, camera=camera, jpeg=False)
    assert streaks.cutouts.shape == (60, size, size)
    real = streaks.os == 1
    assert streaks.length[real].max() < 0.83 * size
    ends = np.stack([streaks.x1, streaks.y1, streaks.x2, streaks.y2])[:, real]
    assert ends.min() > 0
    assert ends.max() < size - 1


@pytest.mark.parametrize("kind", BOGUS)
def test_bogus_have_no_truth(kind: str) -> None:
    streaks = simulated(kind, n=3, jpeg=False)
    assert all(np.isnan(getattr(streaks, name)).all() for name in TRUTH)
