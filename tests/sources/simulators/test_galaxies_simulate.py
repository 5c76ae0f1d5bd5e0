from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError, MissingExtraError, UnknownNameError
from skysieve.samples import SampleSet
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators.galaxies import (
    CLASSES,
    GALAXY_KINDS,
    SURVEYS,
    Survey,
    simulate_galaxies,
    simulate_lsbg,
)
from skysieve.sources.simulators.galaxies import samples as galaxy_samples
from skysieve.sources.simulators.galaxies.canvas import draw_canvas
from skysieve.sources.simulators.galaxies.kinds import TRUTH, kinds_of, painter_of
from skysieve.sources.simulators.galaxies.samples import write_galaxy_samples, write_lsbg_samples
from skysieve.sources.simulators.galaxies.sersic import central_surface_brightness, mean_surface_brightness

SIMULATE = {"morphology": simulate_galaxies, "lsbg": simulate_lsbg}


def painted(name, seed, *, size=64, width=30.0, survey=None):
    """Return an observed subject without noise, its truth and its canvas."""
    canvas = draw_canvas(survey or Survey(), np.random.default_rng(seed), size, width / size)
    truth = painter_of(name)(canvas)
    return canvas.observe_subject(), truth, canvas


def test_they_register():
    assert SIMULATORS.get("galaxies") is simulate_galaxies
    assert SIMULATORS.get("lsbg") is simulate_lsbg


@pytest.mark.parametrize("name", GALAXY_KINDS)
def test_every_kind_is_painted(name):
    kind = GALAXY_KINDS[name]
    found = SIMULATE[kind.collection](3, seed=4, kinds=[name], pictures=False)
    assert found.kind.tolist() == [name] * 3
    assert [found.classes[label] for label in found.label] == [kind.class_name] * 3
    assert found.artifact_type.tolist() == [kind.artifact_type] * 3
    assert np.isfinite(found.cutouts).all()
    assert set(np.unique(found.mask)) <= {0, 1}
    assert (found.mask.sum(axis=(1, 2, 3)) > 0).all()
    assert (found.snr > 5.0).all()
    assert np.isfinite(found.truth["x"]).all()


@pytest.mark.parametrize("collection", CLASSES)
def test_a_sample_depends_on_seed_and_number_only(collection):
    simulate = SIMULATE[collection]
    whole, part = simulate(6, seed=3), simulate(2, seed=3, start=4)
    assert np.array_equal(whole.cutouts[4:], part.cutouts)
    assert np.array_equal(whole.mask[4:], part.mask)
    assert whole.kind[4:].tolist() == part.kind.tolist()
    for name in TRUTH:
        assert np.array_equal(whole.truth[name][4:], part.truth[name], equal_nan=True)
    assert not np.array_equal(whole.cutouts, simulate(6, seed=4).cutouts)


@pytest.mark.parametrize("collection", CLASSES)
def test_shares_sum_to_one_and_classes_are_used(collection):
    kinds = kinds_of(collection)
    assert sum(kind.share for kind in kinds) == pytest.approx(1.0)
    assert {kind.class_name for kind in kinds} == set(CLASSES[collection])


def test_shares_can_be_given():
    found = simulate_galaxies(80, seed=1, size=16, kinds={"merger": 0.1, "elliptical": 0.9})
    assert 0 < (found.kind == "merger").sum() < 20
    only = simulate_galaxies(5, seed=1, size=16, kinds={"merger": None, "elliptical": 0.0})
    assert set(only.kind.tolist()) == {"merger"}


@pytest.mark.parametrize("seed", range(6))
def test_true_magnitudes_are_those_of_the_image(seed):
    seen, truth, canvas = painted("lsbg", seed, size=128, width=90.0)
    measured = canvas.survey.magnitude(seen.sum(axis=(1, 2), dtype=np.float64))
    assert measured == pytest.approx([truth.mag_g, truth.mag_r, truth.mag_z], abs=0.06)


@pytest.mark.parametrize("name", ["face-on-spiral", "edge-on-disc", "merger", "compact-group"])
def test_measured_magnitudes_are_those_of_the_image(name):
    for seed in range(3):
        seen, truth, canvas = painted(name, seed, size=64, width=25.6)
        measured = canvas.survey.magnitude(seen.sum(axis=(1, 2), dtype=np.float64))
        assert measured == pytest.approx([truth.mag_g, truth.mag_r, truth.mag_z], abs=0.12)


def test_aperture_photometry_finds_half_of_the_light_within_r_e():
    seen, truth, canvas = painted("lsbg", 5, size=192, width=60.0)
    axis = (np.arange(192) - 95.5) * canvas.pixel
    angle, q = np.radians(truth.pa), 1.0 - truth.ellipticity
    u, v = axis[None, :] - truth.x, axis[:, None] - truth.y
    along, across = np.cos(angle) * u + np.sin(angle) * v, (np.cos(angle) * v - np.sin(angle) * u) / q
    inside = np.hypot(along, across) <= truth.r_e
    flux = 10.0 ** (-0.4 * (truth.mag_g - canvas.survey.zero_point))
    # The PSF takes some of the light out of the ellipse.
    assert 0.40 < seen[0][inside].sum() / flux < 0.52


@pytest.mark.parametrize("name", ["lsbg", "elliptical"])
def test_surface_brightness_follows_from_the_magnitude(name):
    for seed in range(4):
        _, truth, _ = painted(name, seed)
        mean = mean_surface_brightness(truth.mag_g, truth.r_e, 1.0 - truth.ellipticity)
        assert truth.mu_eff == pytest.approx(mean)
        assert truth.mu_0 == pytest.approx(central_surface_brightness(mean, truth.n))


def test_lsbgs_are_those_of_the_catalogue():
    truth = simulate_lsbg(60, seed=2, kinds=["lsbg"], size=16).truth
    assert truth["r_e"].min() >= 2.5
    assert truth["r_e"].max() <= 12.0
    assert truth["mu_eff"].min() >= 24.2
    assert truth["mu_eff"].max() <= 26.5
    assert 0.5 <= truth["n"].min() <= truth["n"].max() <= 1.5
    colour = truth["mag_g"] - truth["mag_r"]
    assert 0.15 < (colour > 0.45).mean() < 0.55


def test_mask_is_where_the_light_is():
    found = simulate_galaxies(8, seed=6, pictures=False)
    brighter = simulate_galaxies(8, seed=6, pictures=False, mask_sigma=5.0)
    assert np.array_equal(found.cutouts, brighter.cutouts)
    assert (brighter.mask <= found.mask).all()
    assert (brighter.mask.sum(axis=(1, 2, 3)) < found.mask.sum(axis=(1, 2, 3))).all()
    for cutout, mask in zip(found.cutouts[:, 1], found.mask[:, 0].astype(bool), strict=True):
        if 0.05 < mask.mean() < 0.95:
            assert np.median(cutout[mask]) > 3.0 * abs(np.median(cutout[~mask]))


def test_mask_threshold_is_that_of_the_sky_noise():
    found = simulate_lsbg(1, seed=5, kinds=["lsbg"], pictures=False)
    # The same sample as `simulate_lsbg` draws it, without noise.
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence((5, 0))))
    rng.choice(["lsbg"], p=[1.0])
    canvas = draw_canvas(Survey(), rng, 64, 30.0 / 64)
    painter_of("lsbg")(canvas)
    signal = canvas.observe_subject() / Survey().noise(canvas.pixel)[:, None, None]
    assert np.array_equal(found.mask[0, 0], (np.square(signal).sum(axis=0) > 0.25).astype(np.uint8))
    assert found.snr[0] == pytest.approx(np.sqrt(np.square(signal).sum()), rel=1e-4)


def test_edge_on_discs_are_thin_and_spirals_are_not():
    edge_on = simulate_galaxies(8, seed=1, kinds=["edge-on-disc"], size=16).truth
    face_on = simulate_galaxies(8, seed=1, kinds=["face-on-spiral"], size=16).truth
    assert edge_on["ellipticity"].min() > 0.6 > face_on["ellipticity"].max()
    assert (edge_on["inclination"] >= 80.0).all()
    assert (face_on["inclination"] <= 55.0).all()
    assert np.isnan(edge_on["arms"]).all()
    assert (face_on["arms"] >= 2.0).all()


def test_a_survey_without_width_keeps_its_pixels():
    found = simulate_galaxies(1, seed=1, survey=SURVEYS["hsc"], width=None, size=32, kinds=["elliptical"])
    assert found.pixel == 0.168
    assert simulate_galaxies(1, seed=1, size=32, kinds=["elliptical"]).pixel == pytest.approx(0.8)


def test_deeper_surveys_see_the_same_galaxies_better():
    des = simulate_lsbg(4, seed=3, kinds=["lsbg"])
    hsc = simulate_lsbg(4, seed=3, kinds=["lsbg"], survey=SURVEYS["hsc"])
    for name in TRUTH:
        assert np.array_equal(des.truth[name], hsc.truth[name], equal_nan=True)
    assert np.median(hsc.snr) > 2.0 * np.median(des.snr)


finite = {"allow_nan": False, "allow_infinity": False}


@given(
    seeing=st.tuples(*[st.floats(0.4, 3.0, **finite)] * 3),
    depth=st.tuples(*[st.floats(24.0, 31.0, **finite)] * 3),
    pixel=st.floats(0.1, 1.0, **finite),
    zero_point=st.floats(20.0, 31.0, **finite),
    kind=st.sampled_from(list(GALAXY_KINDS)),
    size=st.integers(16, 40),
)
@settings(max_examples=30, deadline=None)
def test_any_survey_gives_finite_images(seeing, depth, pixel, zero_point, kind, size):
    survey = Survey(pixel_scale=pixel, seeing=seeing, depth=depth, zero_point=zero_point)
    simulate = SIMULATE[GALAXY_KINDS[kind].collection]
    found = simulate(2, seed=1, kinds=[kind], survey=survey, size=size, width=None, pictures=False)
    assert np.isfinite(found.cutouts).all()
    assert np.isfinite(found.snr).all()
    assert found.cutouts.shape == (2, 3, size, size)
    assert simulate(1, seed=1, kinds=[kind], survey=survey, size=size, width=None).cutouts.dtype == np.uint8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -1}, "n is -1; give 0 or more"),
        ({"seed": -2}, "seed is -2"),
        ({"start": -1}, "start is -1"),
        ({"size": 8}, "size is 8; give 16 or more"),
        ({"width": 0.0}, "width is 0.0; give a number above 0"),
        ({"mask_sigma": float("nan")}, "mask_sigma is nan"),
        ({"kinds": {"merger": -0.5}}, "shares of the kinds are.*one of them above 0"),
        ({"kinds": []}, "shares of the kinds are"),
    ],
)
def test_wrong_numbers_are_refused(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        simulate_galaxies(**({"n": 1, "seed": 1} | arguments))


def test_kinds_of_the_other_set_are_refused():
    with pytest.raises(UnknownNameError, match=r"no kind of the set 'morphology' is called \['cirrus'\]"):
        simulate_galaxies(1, seed=1, kinds=["merger", "cirrus"])


def test_galsim_is_asked_for_before_anything_is_drawn(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "galsim", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skysieve\[galaxies\]'"):
        simulate_galaxies(0, seed=1)
    assert len(simulate_lsbg(1, seed=1)) == 1


@pytest.mark.slow
def test_workers_change_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(galaxy_samples, "BLOCK", 8)
    one = write_galaxy_samples(tmp_path / "one.parquet", n=20, seed=2, size=24)
    two = write_galaxy_samples(tmp_path / "two.parquet", n=20, seed=2, size=24, workers=2)
    assert one.read_bytes() == two.read_bytes()


def test_blocks_change_no_sample(tmp_path, monkeypatch):
    one = pq.read_table(write_lsbg_samples(tmp_path / "one.parquet", n=14, seed=2, size=24))
    monkeypatch.setattr(galaxy_samples, "BLOCK", 5)
    other = pq.read_table(write_lsbg_samples(tmp_path / "other.parquet", n=14, seed=2, size=24))
    for name in one.column_names:
        np.testing.assert_array_equal(np.array(one[name].to_pylist()), np.array(other[name].to_pylist()))


def test_samples_have_images_masks_and_truth(tmp_path):
    path = write_lsbg_samples(tmp_path / "lsbg.parquet", 12, 3, size=32, pictures=False, artifact_types=True)
    samples = SampleSet.open(path)
    assert samples.description.classes == ("artifact-1", "artifact-2", "lsbg")
    assert samples.description.tensors["cutouts"].channels == ("g", "r", "z")
    assert samples.description.tensors["mask"].shape == (1, 32, 32)
    table = pq.read_table(path)
    for kind, label in zip(table["kind"].to_pylist(), table["label"].to_pylist(), strict=True):
        assert label == {1: 0, 2: 1, 0: 2}[GALAXY_KINDS[kind].artifact_type]
    assert set(TRUTH) < set(table.column_names)
    assert samples.description.origin["survey"]["pixel_scale"] == 0.263


def test_nothing_is_written_where_settings_are_wrong(tmp_path):
    path = tmp_path / "none.parquet"
    with pytest.raises(ConfigurationError, match="size is 4"):
        write_galaxy_samples(path, 5, 1, size=4)
    with pytest.raises(ConfigurationError, match="workers is 0; give 1 or more"):
        write_galaxy_samples(path, 5, 1, workers=0)
    assert not path.exists()
