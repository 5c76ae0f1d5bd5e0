import numpy as np
import pytest

from skysieve.sources.simulators import artefacts


@pytest.mark.parametrize("seed", range(12))
def test_cosmic_rays_are_few_bright_pixels_through_the_centre(seed: int) -> None:
    charge = artefacts.cosmic_ray(63, 5.0, np.random.default_rng(seed))
    assert (charge >= 0.0).all()
    assert charge[29:34, 29:34].max() > 15.0
    assert 1 <= np.count_nonzero(charge) < 60


def test_bad_pixels_take_every_form() -> None:
    forms = set()
    for seed in range(60):
        error = artefacts.bad_pixels(63, 5.0, 100.0, np.random.default_rng(seed))
        rows, columns = np.nonzero(error)
        assert error[31, 31] != 0.0
        assert len(set(rows)) == 1 or len(set(columns)) == 1
        forms.add((error[31, 31] > 0, len(set(rows)) > 1, len(set(columns)) > 2))
    assert {(True, False, False), (False, False, False), (True, True, False), (True, False, True)} <= forms


def test_dead_pixels_do_not_go_below_empty() -> None:
    lowest = min(artefacts.bad_pixels(63, 5.0, 100.0, np.random.default_rng(s)).min() for s in range(60))
    assert -100.0 <= lowest < 0.0


def test_ghost_has_its_rim_on_the_centre_and_a_hole() -> None:
    for seed in range(10):
        light = artefacts.ghost(63, 5.0, np.random.default_rng(seed))
        assert light[31, 31] > 0.5 * light.max()
        assert light.min() >= 0.0


def test_masks_leave_the_centre_free() -> None:
    for seed in range(100):
        mask = artefacts.draw_mask(63, np.random.default_rng(seed))
        assert not mask[28:35, 28:35].any()


def test_border_and_its_excess_lie_on_either_side_of_the_line() -> None:
    mask = artefacts.border(2.0, 0.0, 63)
    assert not mask[:, :34].any()
    assert mask[:, 34:].all()
    excess = artefacts.border_excess(2.0, 0.0, 63, 5.0, np.random.default_rng(0))
    assert excess[:, 30:34].mean() > 3.0 * excess[:, :10].mean()


def test_window_loses_one_side_and_keeps_the_centre() -> None:
    lost = set()
    for seed in range(80):
        top, bottom, left, right = artefacts.draw_window(63, np.random.default_rng(seed))
        assert top < 25
        assert left < 25
        assert bottom > 37
        assert right > 37
        changed = [top > 0, bottom < 63, left > 0, right < 63]
        assert sum(changed) == 1
        lost.add(changed.index(True))
    assert lost == {0, 1, 2, 3}
