"""EFIGI and Galaxy Zoo 2 as they are distributed: on made-up folders, and on the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skysieve.errors import InputError, SampleSetError
from skysieve.sources.galaxies import EFIGI_CLASSES, efigi_samples, galaxy_zoo2_samples
from skysieve.sources.galaxies.catalogues import (
    ARTIFACT,
    EDGE_ON,
    FEATURED,
    NOT_EDGE_ON,
    SMOOTH,
    galaxy_zoo2_votes,
)

VOTES = {
    SMOOTH: [0.2, 0.9, 0.1],
    FEATURED: [0.8, 0.1, 0.0],
    ARTIFACT: [0.0, 0.0, 0.9],
    EDGE_ON: [0.75, 0.0, 0.0],
    NOT_EDGE_ON: [0.25, 1.0, 0.0],
    "total_classifications": [40, 20, 10],
}


def test_shares_follow_the_tree_of_questions() -> None:
    made = galaxy_zoo2_votes(VOTES)
    assert made.classes == ("edge_on", "featured", "smooth")
    assert made.votes.tolist() == [[24, 8, 8], [0, 2, 18], [0, 0, 1]]
    assert made.labels.tolist() == [0, 2, 2]
    assert galaxy_zoo2_votes(VOTES, cut=0.85).labels.tolist() == [-1, 2, -1]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SampleSetError, match="a04_yes"):
        galaxy_zoo2_votes({name: values for name, values in VOTES.items() if name != EDGE_ON})


def test_folders_of_the_published_form(tmp_path: Path) -> None:
    (tmp_path / "thumbs").mkdir()
    header = ["objid", "asset_id", *VOTES]
    lines = [",".join(header)]
    for number, votes in enumerate(zip(*VOTES.values(), strict=True)):
        lines.append(",".join(map(str, (900 + number, number, *votes))))
        Image.new("RGB", (32, 32), (number, 0, 0)).save(tmp_path / "thumbs" / f"{number}.jpg", quality=100)
        Image.new("RGB", (88, 88)).save(tmp_path / f"PGC{number}.jpg")
    (tmp_path / "labels_manifest_3.csv").write_text("\n".join(lines))
    samples = galaxy_zoo2_samples(tmp_path, side=16)
    assert samples.scalar("votes_smooth").tolist() == [8, 18, 1]
    assert samples.groups.tolist() == ["900", "901", "902"]
    assert samples.description.tensors["cutouts"].shape == (3, 16, 16)

    types = "pgc,class6\nPGC0,irregular\nPGC1,elliptical\nPGC2,lenticular\n"
    (tmp_path / "labels.csv").write_text(types)
    galaxies = efigi_samples(tmp_path)
    assert galaxies.classes == EFIGI_CLASSES
    assert galaxies.labels.tolist() == [4, 0, 1]


def test_a_folder_without_its_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 0 tables"):
        galaxy_zoo2_samples(tmp_path)


@pytest.mark.realdata
def test_the_real_votes(real_data: Path) -> None:
    samples = galaxy_zoo2_samples(real_data / "galaxies" / "galaxyzoo2", side=16)
    assert len(samples) == 1000
    assert not [finding for finding in samples.findings if finding.severity == "error"]
    votes = np.stack([samples.scalar(f"votes_{name}") for name in samples.classes], axis=1)
    assert (votes.sum(1) > 10).all()
    assert np.bincount(samples.labels).min() > 50
