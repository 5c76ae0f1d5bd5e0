from __future__ import annotations

import pytest

from skysieve.evaluation.plot_parts import draw_confusion_cells, small_multiples
from skysieve.evaluation.plot_style import new_figure


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 3)), (7, (3, 3))])
def test_axes_beyond_the_plots_stay_blank(count: int, shape: tuple[int, int]) -> None:
    figure, grid = small_multiples(count, across=3, height=1.5, margin=(0.1, 0.2))
    assert grid.shape == shape
    assert [axes.axison for axes in grid.flat] == [number < count for number in range(grid.size)]
    assert figure.get_size_inches().tolist() == pytest.approx(
        [max(1.85 * shape[1], 3.6) + 0.1, 1.5 * shape[0] + 0.2]
    )


def test_cells_of_a_class_without_samples_are_empty() -> None:
    _, axes = new_figure()
    draw_confusion_cells(axes, [[0, 0], [1, 3]], size=10, share_size=8)
    assert [text.get_text() for text in axes.texts] == ["0", "0.0%", "0", "0.0%", "1", "25.0%", "3", "75.0%"]
