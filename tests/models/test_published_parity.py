"""Published scores come back, from PyTorch and from the exported graph, straight from the packets.

Sources: the weights of braai (dmitryduev/braai), the ``drb`` that ZTF packets carry, the column
``new_drb`` of BTSbot's example (nabeelre/BTSbot).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skysieve.models import Model, import_keras_model
from skysieve.models.model import WEIGHTS
from skysieve.models.rebuild import build_network, build_vetter
from skysieve.preprocess import stack_cutouts
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.reading import read_alerts

pytestmark = pytest.mark.realdata

TOLERANCE = 1e-5
NORMS = {"d6_m7": "l2-per-row", "braai_d6_m9": "l2-per-cutout"}


@pytest.fixture(scope="module")
def models(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    folder = tmp_path_factory.mktemp("models")
    return {
        name: import_keras_model(real_data / "braai" / f"{name}.weights.h5", folder / name, norm=norm)
        for name, norm in NORMS.items()
    }


@pytest.fixture(scope="module")
def alerts(real_data: Path) -> list[Alert]:
    return [alert for alert in read_alerts([real_data / "ztf_alerts.parquet"]) if isinstance(alert, Alert)]


def stack(alerts: list[Alert]) -> np.ndarray:
    return np.stack([stack_cutouts(alert.cutouts, (3, 63, 63), item=alert.source) for alert in alerts])


def scores_of(model: Model, images: np.ndarray) -> dict[str, np.ndarray]:
    network = build_network(model.description, model.folder / WEIGHTS)
    with torch.inference_mode():
        from_torch = torch.cat(
            [build_vetter(model.description, network)(chunk) for chunk in torch.from_numpy(images).split(64)]
        )
    return {"graph": model.predict(images), "torch": from_torch.numpy()}


@pytest.mark.parametrize("runtime", ["graph", "torch"])
def test_d6_m7_gives_the_drb_of_every_packet(
    models: dict[str, Model], alerts: list[Alert], runtime: str
) -> None:
    scored = [alert for alert in alerts if alert.candidate["drbversion"] == "d6_m7"]
    assert len(scored) == 387
    published = np.array([alert.candidate["drb"] for alert in scored])
    np.testing.assert_allclose(
        scores_of(models["d6_m7"], stack(scored))[runtime], published, atol=TOLERANCE, rtol=0
    )


@pytest.mark.parametrize("runtime", ["graph", "torch"])
@pytest.mark.parametrize("name", ["d6_m7", "braai_d6_m9"])
def test_both_networks_give_their_column_for_all_alerts(
    models: dict[str, Model], alerts: list[Alert], name: str, runtime: str
) -> None:
    assert len(alerts) == 876
    column = {"d6_m7": "braai_d6_m7", "braai_d6_m9": "braai_d6_m9"}[name]
    published = np.array([alert.candidate[column] for alert in alerts])
    np.testing.assert_allclose(
        scores_of(models[name], stack(alerts))[runtime], published, atol=TOLERANCE, rtol=0
    )


def test_the_wrong_norm_is_not_a_small_difference(
    real_data: Path, alerts: list[Alert], tmp_path: Path
) -> None:
    wrong = import_keras_model(
        real_data / "braai" / "d6_m7.weights.h5", tmp_path / "wrong", norm="l2-per-cutout"
    )
    published = np.array([alert.candidate["braai_d6_m7"] for alert in alerts])
    agreement = np.mean((wrong.predict(stack(alerts)) >= 0.5) == (published >= 0.5))
    assert agreement < 0.85


@pytest.mark.parametrize("runtime", ["graph", "torch"])
def test_d6_m9_gives_the_new_drb_of_btsbot(real_data: Path, models: dict[str, Model], runtime: str) -> None:
    triplets: Any = np.load(real_data / "btsbot" / "usage_triplets.npy")
    with (real_data / "btsbot" / "usage_candidates.csv").open() as file:
        published = np.array([float(row["new_drb"]) for row in csv.DictReader(file)])
    images = np.ascontiguousarray(triplets.transpose(0, 3, 1, 2), dtype=np.float32)
    assert len(images) == len(published) == 39
    np.testing.assert_allclose(
        scores_of(models["braai_d6_m9"], images)[runtime], published, atol=TOLERANCE, rtol=0
    )
