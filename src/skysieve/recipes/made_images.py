"""Images that a model makes of light curves, put into a sample set for what looks at images."""

from __future__ import annotations

import dataclasses
from typing import Any

import pyarrow as pa

from skysieve.errors import ContractError
from skysieve.models.contract import InputContract
from skysieve.models.readings import read_arrays
from skysieve.samples.description import TensorColumn
from skysieve.samples.sample_set import SampleSet

__all__ = ["with_images"]


def with_images(contract: InputContract, samples: SampleSet) -> SampleSet:
    """Return samples with the images that a model takes, made of their light curves if they are not there.

    Parameters
    ----------
    contract : InputContract
        Of the model.
    samples : SampleSet
        Images, or light curves for a model that reads them as images; the curves themselves are left out.

    Raises
    ------
    ContractError
        If the model takes no images.
    """
    if not contract.image:
        raise ContractError(
            f"the model takes {contract.column} of shape {contract.shape}, and images are what is looked at "
            "here; of a model of features `skysieve.recipes.feature_importances` tells what counts"
        )
    if not contract.reading or contract.column in samples.description.tensors:
        return samples
    tensors = samples.description.tensors
    names = [name for name in samples.column_names if name not in tensors]
    columns: dict[str, Any] = {
        name: pa.array(samples.scalar(name).tolist(), from_pandas=True) for name in names
    }
    layout = TensorColumn(contract.fixed_shape, channels=contract.channels, unit=contract.unit)
    origin = dict(samples.description.origin) | {contract.column: dict(contract.reading)}
    description = dataclasses.replace(samples.description, tensors={contract.column: layout}, origin=origin)
    columns[contract.column] = read_arrays(contract, samples)
    return SampleSet.from_columns(columns, description, samples.findings)
