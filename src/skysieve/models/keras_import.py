"""Import published Keras weights (braai, DeepStreaks) as a model folder, without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skysieve.errors import ConfigurationError
from skysieve.models.contract import InputContract
from skysieve.models.description import ModelDescription
from skysieve.models.model import Model, file_sha256
from skysieve.models.rebuild import build_network
from skysieve.models.save import save_model
from skysieve.sources.streaks.families import FAMILIES, FAMILY_ANSWERS

__all__ = ["NORMS", "PROJECTS", "import_keras_model"]

#: The norm that a weight file of triplets was trained with is not in it: whoever imports it must say it.
NORMS = ("l2-per-row", "l2-per-cutout")


#: With what the names of the published weight files of DeepStreaks begin, by their family.
PROJECTS: Mapping[str, str] = {
    "rb": "5b96af9c0354c9000b0aea36",
    "sl": "5b99b2c6aec3c500103a14de",
    "kd": "5be0ae7958830a0018821794",
    "os": "5c05bbdc826480000a95c0bf",
}


def import_keras_model(
    weights: str | Path,
    folder: str | Path,
    *,
    network: str = "vgg6",
    norm: str | None = None,
    family: str | None = None,
    name: str | None = None,
    shape: tuple[int, int, int] | None = None,
) -> Model:
    """Make a model folder from a Keras ``.h5`` weight file.

    Parameters
    ----------
    weights : path
        The weight file.
    folder : path
        Where the model folder goes.
    network : {"vgg6", "vgg4", "fc4", "resnet50", "densenet121"}
        Architecture of the file.
    norm : {"l2-per-row", "l2-per-cutout", "unit-range"}
        What was done to images before training: ``l2-per-row`` for braai ``d6_m7`` (the ``drb``
        of ZTF packets), ``l2-per-cutout`` for ``d6_m9``, ``unit-range`` for DeepStreaks. The wrong one
        gives plausible, wrong scores. May be left out if ``family`` is given.
    family : {"rb", "sl", "kd", "os"}, optional
        Family of a DeepStreaks file, which decides what the score means; found in the name of the file
        where that begins as the published ones do.
    name : str, optional
        Name of the model; that of the file if not given.
    shape : tuple of int, optional
        (C, H, W) of the input; (3, 63, 63) for alert triplets and (1, 144, 144) for streaks if not given.

    Returns
    -------
    Model
        The imported model. Its scores are the published ones: no calibration is added. Pixels
        of triplets are treated as in the published float32 pipeline, sentinels included; streak cutouts
        are grey levels 0..255.

    Raises
    ------
    ConfigurationError, ModelError
        If norm or family are unknown, or the file does not hold that network for that shape.
    """
    path = Path(weights)
    title = name or path.name.removesuffix(".h5").removesuffix(".weights")
    if family is None and norm != "unit-range":
        facts = _triplet_facts(network, norm, shape or (3, 63, 63))
    else:
        facts = _streak_facts(network, norm, family or _family_of(path), shape or (1, 144, 144))
    description = ModelDescription(
        name=title,
        network={"name": network, "outputs": 1, "arguments": {}},
        calibration={"kind": "sigmoid"},
        labels="Labels and training are those of the published weights; nothing was trained here.",
        provenance={
            "summary": {"imported from": path.name, "norm given at import": facts["preprocess"][-1]["step"]},
            "weights_sha256": file_sha256(path) if path.is_file() else "",
            "limits": "The score is the published one and is not calibrated.",
        },
        **facts,
    )
    built = build_network(description)
    from skysieve.networks.keras_weights import import_keras_weights

    import_keras_weights(path, built)
    return save_model(folder, built, description)


def _triplet_facts(network: str, norm: str | None, shape: tuple[int, int, int]) -> dict[str, Any]:
    if norm not in NORMS:
        raise ConfigurationError(
            f"the norm is one of {', '.join(NORMS)}, found {norm!r}; "
            "for streak cutouts give the family instead"
        )
    return {
        "summary": f"{network.upper()} real/bogus classifier of alert triplets, imported Keras weights "
        "(Duev et al. 2019).",
        "classes": ("bogus", "real"),
        "contract": InputContract(
            shape=shape,
            channels=("science", "template", "difference"),
            nan="not measured; becomes 0 before the norm",
            surveys=("ZTF",),
        ),
        "preprocess": [{"step": "nan-to-num"}, {"step": norm}],
    }


def _streak_facts(network: str, norm: str | None, family: str, shape: tuple[int, int, int]) -> dict[str, Any]:
    if family not in FAMILIES:
        raise ConfigurationError(f"the family is one of {', '.join(FAMILIES)}, found {family!r}")
    if norm not in (None, "unit-range"):
        raise ConfigurationError(
            f"DeepStreaks was trained with the norm unit-range, found {norm!r} for the family {family!r}; "
            "leave the norm out"
        )
    classes = FAMILY_ANSWERS[family]
    return {
        "summary": f"{network.upper()} of DeepStreaks, family {family}: {classes[1]} against {classes[0]}; "
        "imported Keras weights (Duev et al. 2019).",
        "classes": classes,
        "contract": InputContract(
            shape=shape,
            channels=("difference",),
            unit="grey level",
            nan="not measured; becomes the grey level of a difference of zero",
            smaller="refuse",
            surveys=("ZTF",),
        ),
        "preprocess": [{"step": "unit-range"}],
    }


def _family_of(path: Path) -> str:
    for family, project in PROJECTS.items():
        if path.name.startswith(project):
            return family
    raise ConfigurationError(
        f"{path.name}: is not named as a published file of DeepStreaks, whose name tells its family; "
        f"give one of the families {', '.join(FAMILIES)}"
    )
