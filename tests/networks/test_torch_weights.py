"""State dictionaries of PyTorch from elsewhere: read if they are that, and refused by name if not."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from skysieve.errors import ModelError
from skysieve.networks.torch_weights import import_torch_weights, read_torch_state


class RunsCode:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    saved, network = nn.Linear(3, 2), nn.Linear(3, 2)
    torch.save(saved.state_dict(), tmp_path / "model.zip")
    import_torch_weights(tmp_path / "model.zip", network)
    assert torch.equal(network.weight, saved.weight)


def test_weights_of_another_network_change_nothing(tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 1).state_dict(), tmp_path / "model.zip")
    network = nn.Linear(3, 2)
    before = network.weight.clone()
    with pytest.raises(ModelError, match=r"weight has shape \(1, 3\), expected \(2, 3\)"):
        import_torch_weights(tmp_path / "model.zip", network)
    assert torch.equal(network.weight, before)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(RunsCode(), "read safely"), ([torch.zeros(1)], "holds list"), ({"epoch": 3}, "dictionary of tensors")],
)
def test_anything_but_tensors_is_refused(tmp_path: Path, content: object, reason: str) -> None:
    torch.save(content, tmp_path / "model.zip")
    with pytest.raises(ModelError, match=reason):
        read_torch_state(tmp_path / "model.zip")


def test_a_file_that_is_no_archive_or_half_of_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with pytest.raises(ModelError, match="cannot be read"):
        read_torch_state(path)
    torch.save(nn.Linear(3, 1).state_dict(), path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(ModelError, match="no complete zip"):
        read_torch_state(path)


def test_a_member_outside_of_the_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("model/../../evil", b"")
    with pytest.raises(ModelError, match="outside of the archive"):
        read_torch_state(tmp_path / "model.zip")


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, tmp_path / "model.zip")
    assert read_torch_state(tmp_path / "model.zip")["a"].shape == (1000,)
    with pytest.raises(ModelError, match=r"at most 4,000 were expected"):
        read_torch_state(tmp_path / "model.zip", most_bytes=4000)
