"""Sample sets: one row a sample, with identity, groups, labels and tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

# pyarrow takes a quarter of a second to import: it is fetched with the first name that needs it.
if TYPE_CHECKING:
    from skysieve.samples.description import Description, TensorColumn
    from skysieve.samples.findings import Finding, count_findings
    from skysieve.samples.parquet import SampleWriter
    from skysieve.samples.sample_set import SampleSet
    from skysieve.samples.splits import assign_groups, with_folds, with_splits
    from skysieve.samples.table import from_table
    from skysieve.samples.validation import Validation, validate

_HOMES = {
    "Description": "description",
    "Finding": "findings",
    "SampleSet": "sample_set",
    "SampleWriter": "parquet",
    "TensorColumn": "description",
    "Validation": "validation",
    "assign_groups": "splits",
    "count_findings": "findings",
    "from_table": "table",
    "validate": "validation",
    "with_folds": "splits",
    "with_splits": "splits",
}

__all__ = [
    "Description",
    "Finding",
    "SampleSet",
    "SampleWriter",
    "TensorColumn",
    "Validation",
    "assign_groups",
    "count_findings",
    "from_table",
    "validate",
    "with_folds",
    "with_splits",
]

__getattr__ = lazy_names(__name__, _HOMES)
