"""The service's own copies of models and sieves: what is on duty stays, whatever happens to the original."""

from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
from pathlib import Path

from skysieve.errors import ModelError, ServiceError
from skysieve.models.model import DESCRIPTION, Model
from skysieve.models.sieve import SIEVE, Sieve, load_model_or_sieve
from skysieve.models.sieve_card import CARD
from skysieve.service.files.durable import sync, write_durably
from skysieve.service.home import Home

__all__ = ["copy_in", "place_of"]

#: Letters of the identity that name a folder.
_DIGITS = 16
_PLACE = re.compile(rf"[0-9a-f]{{{_DIGITS}}}")


def copy_in(home: Home, opened: Model | Sieve) -> Model | Sieve:
    """Copy a model or a sieve into the folder of the service, whole or not at all.

    A sieve is copied with all its members, so that the copy needs nothing else. Where members lay outside of
    the sieve's folder, the copy names them below its own, which gives it another identity.

    Parameters
    ----------
    home : Home
        The folder of the service.
    opened : Model or Sieve
        What was loaded, and so verified.

    Returns
    -------
    Model or Sieve
        The copy, opened from its files. A sound copy that is there already is kept.

    Raises
    ------
    OSError
        If the disk is full or may not be written.
    """
    identity, sieve = opened.identity, None
    if isinstance(opened, Sieve):
        sieve = _self_contained(opened)
        identity = sieve.identity
    place = home.models / identity[:_DIGITS]
    if (known := _sound(place, identity)) is not None:
        return known
    partial = Path(tempfile.mkdtemp(dir=home.models, prefix=f".{place.name}-"))
    try:
        if sieve is not None:
            _copy_sieve(sieve, partial)
        else:
            assert isinstance(opened, Model)
            _copy_model(opened, partial)
        partial.chmod(0o755)
        if place.exists():
            # Damaged: kept under another name until the sound one is in its place.
            place.rename(partial.with_name(f"{partial.name}.damaged"))
        partial.rename(place)
        sync(home.models)
    except OSError:
        if (known := _sound(place, identity)) is not None:  # another process was faster
            return known
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(partial.with_name(f"{partial.name}.damaged"), ignore_errors=True)
    return load_model_or_sieve(place)


def place_of(home: Home, place: str) -> Path:
    """Return the folder of a copy by the name that the database keeps.

    Raises
    ------
    ServiceError
        If the name is that of no copy: nothing else is ever joined to a path.
    """
    if not _PLACE.fullmatch(place):
        raise ServiceError(f"{place[:80]!r} is not the name of a model's copy; register the model again")
    return home.models / place


def _self_contained(sieve: Sieve) -> Sieve:
    """Return the sieve with every member below its folder; itself where it is so already."""
    above = sieve.folder.resolve()
    described = []
    for member, given in zip(sieve.members, sieve.description.members, strict=True):
        within = (sieve.folder / given.model).is_dir() and (
            above / given.model
        ).resolve() == above / given.model
        inside = within and member.model.folder.resolve().is_relative_to(above)
        described.append(given if inside else dataclasses.replace(given, model=member.name))
    description = dataclasses.replace(sieve.description, members=tuple(described))
    return Sieve(sieve.folder, description, sieve.members)


def _copy_sieve(sieve: Sieve, target: Path) -> None:
    for member, described in zip(sieve.members, sieve.description.members, strict=True):
        _copy_model(member.model, target / described.model)
    if (card := sieve.folder / CARD).is_file():
        _copy_file(card, target / CARD)
    # Written, not copied: of a sieve that was written by hand the identity is that of this text.
    write_durably(target / SIEVE, sieve.description.to_json().encode())


def _copy_model(model: Model, target: Path) -> None:
    """Copy the description and the files that it names, and nothing that may lie beside them."""
    target.mkdir(parents=True, exist_ok=True)
    for name in (*model.description.files, DESCRIPTION):
        _copy_file(model.folder / name, target / name)


def _copy_file(source: Path, target: Path) -> None:
    write_durably(target, source.read_bytes())


def _sound(place: Path, identity: str) -> Model | Sieve | None:
    """Return the copy in a place if it is what it should be."""
    if not place.is_dir():
        return None
    try:
        found = load_model_or_sieve(place)
    except ModelError:
        return None
    return found if found.identity == identity else None
