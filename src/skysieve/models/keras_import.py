"""Import published Keras weights of VGG6 (braai) as a model folder, without TensorFlow."""

from __future__ import annotations

from pathlib import Path

from skysieve.errors import ConfigurationError
from skysieve.models.contract import InputContract
from skysieve.models.description import ModelDescription
from skysieve.models.model import Model, file_sha256
from skysieve.models.rebuild import build_network
from skysieve.models.save import save_model

__all__ = ["NORMS", "import_keras_model"]

#: The norm that a weight file was trained with is not in the file: whoever imports it must say it.
NORMS = ("l2-per-row", "l2-per-cutout")


def import_keras_model(
    weights: str | Path,
    folder: str | Path,
    *,
    norm: str,
    name: str | None = None,
    shape: tuple[int, int, int] = (3, 63, 63),
) -> Model:
    """Make a model folder from a Keras ``.h5`` weight file of VGG6.

    Parameters
    ----------
    weights : path
        The weight file.
    folder : path
        Where the model folder goes.
    norm : {"l2-per-row", "l2-per-cutout"}
        The norm that the network was trained with: ``l2-per-row`` for braai ``d6_m7`` (the ``drb``
        of ZTF packets), ``l2-per-cutout`` for ``d6_m9``. The wrong one gives plausible, wrong scores.
    name : str, optional
        Name of the model; that of the file if not given.
    shape : tuple of int
        (C, H, W) of the input.

    Returns
    -------
    Model
        The imported model. Its scores are the published ones: no calibration is added, and pixels
        are treated as in the published float32 pipeline, sentinels included.

    Raises
    ------
    ConfigurationError, ModelError
        If the norm is unknown, or the file does not hold a VGG6 for that shape.
    """
    if norm not in NORMS:
        raise ConfigurationError(f"the norm is one of {', '.join(NORMS)}, found {norm!r}")
    path = Path(weights)
    title = name or path.name.removesuffix(".h5").removesuffix(".weights")
    description = ModelDescription(
        name=title,
        summary="VGG6 real/bogus classifier of alert triplets, imported Keras weights (Duev et al. 2019).",
        classes=("bogus", "real"),
        contract=InputContract(
            shape=shape,
            channels=("science", "template", "difference"),
            nan="not measured; becomes 0 before the norm",
            surveys=("ZTF",),
        ),
        preprocess=[{"step": "nan-to-num"}, {"step": norm}],
        network={"name": "vgg6", "outputs": 1, "arguments": {}},
        calibration={"kind": "sigmoid"},
        labels="Labels and training are those of the published weights; nothing was trained here.",
        provenance={
            "summary": {"imported from": path.name, "norm given at import": norm},
            "weights_sha256": file_sha256(path) if path.is_file() else "",
            "limits": "The score is the published one and is not calibrated.",
        },
    )
    network = build_network(description)
    from skysieve.networks.keras_weights import import_keras_vgg6

    import_keras_vgg6(path, network)
    return save_model(folder, network, description)
