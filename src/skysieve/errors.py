"""The exceptions of skysieve: one small tree.

::

    SkysieveError
    ├── ConfigurationError     a setting that does not exist or has the wrong type
    ├── UnknownNameError       a recipe, network, step ... that nobody registered
    ├── MissingExtraError      an optional dependency is not installed
    ├── InputError             something that came in cannot be read
    ├── SampleSetError         a sample set breaks its own rules
    ├── ContractError          input and model do not fit together
    ├── ModelError             a model folder is damaged or incomplete
    ├── ScoringError           a scoring run broke off, and can be continued
    ├── DownloadError          an archive did not deliver what was asked for
    ├── ServiceError           the night service cannot go on: its database, its files, its feeds
    └── AccessError            a person or a token may not do what was asked

Every message says what was found, what was expected and what to do, and names
the item. `InputError` also carries a short ``kind`` (``truncated-gzip``), so
that a bad input can be counted and kept aside by reason.

This module and its neighbours at the top of the package (`registry`,
`configuration`, `extras`, `progress`) may be imported by every folder; they
import none of them.
"""

from __future__ import annotations

__all__ = [
    "AccessError",
    "ConfigurationError",
    "ContractError",
    "DownloadError",
    "InputError",
    "MissingExtraError",
    "ModelError",
    "SampleSetError",
    "ScoringError",
    "ServiceError",
    "SkysieveError",
    "UnknownNameError",
]


class SkysieveError(Exception):
    """Base of everything that skysieve raises on purpose."""


class ConfigurationError(SkysieveError, ValueError):
    """A setting does not exist, has the wrong type or contradicts another."""


class UnknownNameError(SkysieveError, LookupError):
    """A name was looked up in a registry that does not hold it."""


class MissingExtraError(SkysieveError, ImportError):
    """An optional dependency is missing; the message names the pip line."""


class InputError(SkysieveError, ValueError):
    """One input item cannot be used.

    Parameters
    ----------
    item : str
        Name of the item: a path, a member of an archive, a candid.
    kind : str
        Short slug of the reason, the same for all items that fail alike.
    reason : str
        What was found and what was expected.
    """

    def __init__(self, item: str, kind: str, reason: str) -> None:
        super().__init__(f"{item}: {reason}")
        self.item = item
        self.kind = kind
        self.reason = reason


class SampleSetError(SkysieveError, ValueError):
    """A sample set lacks a column, repeats an id or mixes shapes."""


class ContractError(SkysieveError, ValueError):
    """A batch does not fulfil the input contract of a model."""


class ModelError(SkysieveError):
    """A model folder is damaged, incomplete or of an unknown format."""


class ScoringError(SkysieveError):
    """A scoring run broke off, or its parts do not fit together."""


class DownloadError(SkysieveError, OSError):
    """A file could not be fetched, or is not the file that was asked for."""


class ServiceError(SkysieveError):
    """The night service cannot do what was asked: its database, its files or a feed is not as it must be."""


class AccessError(SkysieveError, PermissionError):
    """A person or a token is not known, or may not do what was asked."""
