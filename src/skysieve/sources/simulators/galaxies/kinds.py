"""The tables of kinds: what each is called, which class it belongs to, how often it occurs, who paints it.

A kind is a function that paints on a `Canvas` and returns what is true of it, registered with `galaxy_kind`
in a module of its own or of its family. The table below is the only place of classes and shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.sources.simulators.galaxies.canvas import Canvas

__all__ = [
    "CLASSES",
    "GALAXY_KINDS",
    "TRUTH",
    "GalaxyKind",
    "Truth",
    "chosen_kinds",
    "galaxy_kind",
    "kinds_of",
    "painter_of",
]

NAN = float("nan")

#: Classes of each set, in the order of their labels: those of Night Sky Net and those of DeepShadows.
CLASSES: dict[str, tuple[str, ...]] = {
    "morphology": ("edge_on_disk", "elliptical", "face_on_spiral", "merger"),
    "lsbg": ("artifact", "lsbg"),
}


@dataclass(slots=True)
class Truth:
    """What is true of a subject as it was painted, before PSF and noise; NaN where there is no such thing.

    Parameters
    ----------
    x, y : float
        Place in arcsec from the centre of the cutout, along its rows and its columns.
    mag_g, mag_r, mag_z : float
        Magnitudes (AB) of all of its light.
    mu_0 : float
        Surface brightness at the centre of its Sérsic profile in g, in mag/arcsec2.
    mu_eff : float
        Mean surface brightness in g within the half-light ellipse, in mag/arcsec2.
    r_e : float
        Semi-major axis of the half-light ellipse, in arcsec.
    n : float
        Sérsic index.
    ellipticity : float
        One less the ratio of minor to major axis.
    pa : float
        Direction of the major axis from +x towards +y, 0 to 180 degrees.
    bulge_fraction : float
        Share of the light in r that is the bulge's.
    inclination : float
        Of a disc, in degrees: 0 is face-on, 90 edge-on.
    arms : float
        Number of spiral arms.
    pitch : float
        Pitch angle of the arms, in degrees.
    bar : float
        Half-length of the bar over the scale length of the disc; 0 is no bar.
    dust : float
        Optical depth of the dust in r where it is thickest.
    separation : float
        Of the nuclei of a merger, or of a bright object from the centre of the cutout, in arcsec.
    companions : float
        Galaxies that a merger or a group is made of.
    bright_magnitude : float
        Magnitude in r of the star or galaxy whose light is the artefact.
    """

    x: float = NAN
    y: float = NAN
    mag_g: float = NAN
    mag_r: float = NAN
    mag_z: float = NAN
    mu_0: float = NAN
    mu_eff: float = NAN
    r_e: float = NAN
    n: float = NAN
    ellipticity: float = NAN
    pa: float = NAN
    bulge_fraction: float = NAN
    inclination: float = NAN
    arms: float = NAN
    pitch: float = NAN
    bar: float = NAN
    dust: float = NAN
    separation: float = NAN
    companions: float = NAN
    bright_magnitude: float = NAN


#: Names of the numbers of a `Truth`.
TRUTH = tuple(item.name for item in fields(Truth))

Painter = Callable[[Canvas], Truth]


@dataclass(frozen=True, slots=True)
class GalaxyKind:
    """One kind of galaxy or of what is mistaken for one.

    Parameters
    ----------
    name : str
        Its name.
    collection : str
        The set it belongs to, a key of `CLASSES`.
    class_name : str
        Its class there.
    share : float
        Share in its set.
    artifact_type : int
        1 for artefacts that size, colour and brightness give away, such as whatever lies beside a bright
        star; 2 for those that are measured like galaxies and have to be looked at; 0 for galaxies.
    """

    name: str
    collection: str
    class_name: str
    share: float
    artifact_type: int = 0


#: Every kind, by name.
GALAXY_KINDS: dict[str, GalaxyKind] = {
    kind.name: kind
    for kind in (
        GalaxyKind("elliptical", "morphology", "elliptical", 0.25),
        GalaxyKind("face-on-spiral", "morphology", "face_on_spiral", 0.25),
        GalaxyKind("edge-on-disc", "morphology", "edge_on_disk", 0.25),
        GalaxyKind("merger", "morphology", "merger", 0.25),
        GalaxyKind("lsbg", "lsbg", "lsbg", 0.50),
        GalaxyKind("star-halo", "lsbg", "artifact", 0.10, artifact_type=1),
        GalaxyKind("ghost", "lsbg", "artifact", 0.05, artifact_type=1),
        GalaxyKind("arm-knots", "lsbg", "artifact", 0.08, artifact_type=1),
        GalaxyKind("diffuse-light", "lsbg", "artifact", 0.09, artifact_type=2),
        GalaxyKind("cirrus", "lsbg", "artifact", 0.09, artifact_type=2),
        GalaxyKind("compact-group", "lsbg", "artifact", 0.09, artifact_type=2),
    )
}

_PAINTERS: dict[str, Painter] = {}


def galaxy_kind(name: str) -> Callable[[Painter], Painter]:
    """Return a decorator that makes a function the painter of the kind ``name``."""

    def register(painter: Painter) -> Painter:
        _PAINTERS[name] = painter
        return painter

    return register


def painter_of(name: str) -> Painter:
    """Return the function that paints the kind ``name``."""
    return _PAINTERS[name]


def kinds_of(collection: str) -> tuple[GalaxyKind, ...]:
    """Return the kinds of a set."""
    return tuple(kind for kind in GALAXY_KINDS.values() if kind.collection == collection)


def chosen_kinds(collection: str, shares: Mapping[str, float | None] | None) -> dict[str, float]:
    """Return the share of each kind that is drawn; they sum to one.

    Parameters
    ----------
    collection : str
        The set, a key of `CLASSES`.
    shares : mapping, optional
        Kinds to draw, with their shares or None for those of the table; all of the set if not given.

    Raises
    ------
    UnknownNameError
        If the set has no such kind.
    ConfigurationError
        If a share is negative or not a number, or none is above 0.

    Examples
    --------
    >>> chosen_kinds("morphology", {"merger": 0.01, "elliptical": 0.99})
    {'merger': 0.01, 'elliptical': 0.99}
    """
    known = {kind.name: kind.share for kind in kinds_of(collection)}
    if unknown := [name for name in shares or () if name not in known]:
        raise UnknownNameError(
            f"no kind of the set {collection!r} is called {unknown}; known are: {', '.join(known)}"
        )
    chosen = {
        name: known[name] if share is None else float(share)
        for name, share in (dict.fromkeys(known) if shares is None else shares).items()
    }
    if not all(0.0 <= share < float("inf") for share in chosen.values()) or not sum(chosen.values()) > 0.0:
        raise ConfigurationError(
            f"the shares of the kinds are {chosen}; give numbers from 0 on, one of them above 0"
        )
    total = sum(chosen.values())
    return {name: share / total for name, share in chosen.items()}
