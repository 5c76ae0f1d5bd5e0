"""A sieve: several models of one kind of image, and the rules that join their scores."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, ModelError
from skysieve.models.contract import InputContract
from skysieve.models.description import DISCLOSED
from skysieve.models.engines import Engine
from skysieve.models.model import SHIPPED, Model
from skysieve.models.rules import Jury, MemberScore, Rule, check_threshold
from skysieve.models.sieve_description import MemberDescription, SieveDescription

__all__ = [
    "SIEVE",
    "Member",
    "MemberThreshold",
    "Sieve",
    "is_sieve",
    "load_model_or_sieve",
    "shipped_sieves",
]

SIEVE = "sieve.json"

#: Images given to each member at once, always so many: see `Sieve.score`.
BATCH = 32

#: Threshold where nobody has chosen one.
FALLBACK = 0.5


@dataclass(frozen=True)
class Member:
    """A model of a sieve.

    Parameters
    ----------
    name, family : str
        Its name, and what it tells.
    model : Model
        The model.
    threshold : float, optional
        Its own threshold, if it has one; `Sieve.thresholds` says which one counts.
    """

    name: str
    family: str
    model: Model
    threshold: float | None = None


@dataclass(frozen=True)
class MemberThreshold:
    """The threshold that counts for a member.

    Parameters
    ----------
    value : float
        The threshold; a score at or above it reaches it.
    origin : {"member", "family", "sieve", "model", "default"}
        Who gave it, the nearest first: the member in the sieve's file, its family there, the sieve
        there, the default threshold of the model, or nobody (0.5).
    """

    value: float
    origin: str


class Sieve:
    """Models and rules, opened for scoring; made by `load`, or by `skysieve.models.write_sieve`.

    Parameters
    ----------
    folder : Path
        Where ``sieve.json`` lies.
    description : SieveDescription
        What it says.
    members : tuple of Member
        The opened models.

    Raises
    ------
    ModelError
        If members expect different images, or a rule names what does not exist.
    """

    def __init__(self, folder: Path, description: SieveDescription, members: tuple[Member, ...]) -> None:
        self.folder = folder
        self.description = description
        self.members = members
        self._engines: dict[tuple[str, str, int], dict[str, Engine]] = {}
        self._check_contracts()
        self.jury = Jury(description.families(), {name: each.value for name, each in self.thresholds.items()})
        for name, rule in description.rules.items():
            try:
                rule.check(self.jury)
            except ConfigurationError as error:
                raise ModelError(f"{folder / SIEVE}: rule {name!r}: {error}") from None

    @classmethod
    def load(cls, place: str | Path) -> Sieve:
        """Open a folder with a ``sieve.json``, that file, or a shipped sieve by its name.

        Raises
        ------
        ModelError
            If there is no such sieve, it is damaged, or a member is not the model it names.
        """
        path = _find(place)
        try:
            text = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror}); restore the sieve") from None
        description = SieveDescription.from_json(text, path)
        return cls(path.parent, description, tuple(_open(each, path) for each in description.members))

    @classmethod
    def of_model(cls, model: Model) -> Sieve:
        """Return a sieve of one model: its member is called ``score``, its rule ``passes``."""
        described = model.description
        member = MemberDescription("score", "score", str(model.folder), model.identity)
        description = SieveDescription(
            name=described.name,
            summary=described.summary,
            members=(member,),
            rules={"passes": MemberScore("score")},
            rule="passes",
            labels=described.labels,
            figures=described.figures,
        )
        return cls(model.folder, description, (Member("score", "score", model),))

    @property
    def identity(self) -> str:
        """SHA-256 of the description, which holds the identity of every member."""
        return hashlib.sha256(self.description.to_json().encode()).hexdigest()

    @property
    def contract(self) -> InputContract:
        """What goes in, the same for all members."""
        return self.members[0].model.description.contract

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by name."""
        return self.description.rules

    @property
    def rule(self) -> str:
        """Name of the rule that counts where one must be chosen."""
        return self.description.rule

    @property
    def families(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the members of each family."""
        return self.jury.families

    @property
    def labels(self) -> str:
        """How the labels came about; what limits the labels of a member limits the sieve."""
        every = [self.description.labels, *(each.model.description.labels for each in self.members)]
        return next((labels for labels in every if labels.startswith(DISCLOSED)), every[0])

    @property
    def thresholds(self) -> dict[str, MemberThreshold]:
        """The threshold that counts for each member, and who gave it."""
        return {member.name: self._threshold(member) for member in self.members}

    def score(
        self,
        images: NDArray[np.float32],
        *,
        engine: str = "onnxruntime",
        precision: str = "float32",
        threads: int = 1,
    ) -> dict[str, NDArray[np.float32]]:
        """Score a batch with every member.

        Engines are loaded with the first call and kept. They are always given the same number of
        images, filled up with zeros: a matrix product of one row may be summed in another order than one
        of many, and a score must not depend on what else was scored with it.

        Parameters
        ----------
        images : ndarray, shape (N, C, H, W), float32
            Raw images as the contract describes them, the same for all members.
        engine, precision : str
            As of `skysieve.models.engines.open_engine`.
        threads : int
            Threads in all. As many members work side by side, with one thread each: several threads in
            one small network wait for each other more than they work. Only what is left over when all
            members have a thread is given to their engines.

        Returns
        -------
        dict of str to ndarray, shape (N,), float32
            Score of each member.

        Raises
        ------
        ContractError
            If the batch does not fulfil the contract.
        ConfigurationError
            If there is less than one thread.
        """
        if threads < 1:
            raise ConfigurationError(f"a sieve is scored by 1 thread or more, found threads={threads}")
        self.contract.check(images)
        images = np.ascontiguousarray(images, dtype=np.float32)
        side_by_side = min(threads, len(self.members))
        engines = self._open_engines(engine, precision, threads // side_by_side)
        if side_by_side == 1:
            return {name: _run_in_batches(run, images) for name, run in engines.items()}
        with ThreadPoolExecutor(side_by_side) as pool:
            scores = pool.map(_run_in_batches, engines.values(), itertools.repeat(images))
            return dict(zip(engines, scores, strict=True))

    def decide(self, scores: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.bool_]]:
        """Apply every rule; no model is run, so that stored scores do.

        Parameters
        ----------
        scores : mapping of str to ndarray, shape (N,)
            Scores of all members that the rules name; NaN reaches no threshold.

        Returns
        -------
        dict of str to ndarray, shape (N,), bool
            Who passes each rule.
        """
        return {name: rule.evaluate(scores, self.jury) for name, rule in self.rules.items()}

    def with_thresholds(self, thresholds: Mapping[str, float]) -> Sieve:
        """Return the sieve with other thresholds.

        Parameters
        ----------
        thresholds : mapping of str to float
            By family, for all its members, or by member.

        Raises
        ------
        ConfigurationError
            If a name is that of no family and no member, or a value is no threshold.
        """
        for name, value in thresholds.items():
            check_threshold(value, f"the threshold of {name!r}")
            self.jury.require_either(name)
        families = {name: value for name, value in thresholds.items() if name in self.families}

        def own(member: Member) -> float | None:
            return thresholds.get(member.name, None if member.family in families else member.threshold)

        members = tuple(dataclasses.replace(each, threshold=own(each)) for each in self.members)
        described = tuple(
            dataclasses.replace(each, threshold=member.threshold)
            for each, member in zip(self.description.members, members, strict=True)
        )
        merged = {**self.description.thresholds, **families}
        description = dataclasses.replace(self.description, members=described, thresholds=merged)
        return Sieve(self.folder, description, members)

    def with_rules(self, rules: Mapping[str, Rule], *, rule: str | None = None) -> Sieve:
        """Return the sieve with other rules, of which ``rule`` (the first if not given) counts."""
        chosen = next(iter(rules), "") if rule is None else rule
        description = dataclasses.replace(self.description, rules=dict(rules), rule=chosen)
        return Sieve(self.folder, description, self.members)

    def _threshold(self, member: Member) -> MemberThreshold:
        described = member.model.description.threshold
        given = {
            "member": member.threshold,
            "family": self.description.thresholds.get(member.family),
            "sieve": self.description.threshold,
            "model": None if described is None else described["value"],
        }
        for origin, value in given.items():
            if value is not None:
                return MemberThreshold(float(value), origin)
        return MemberThreshold(FALLBACK, "default")

    def _open_engines(self, engine: str, precision: str, threads: int) -> dict[str, Engine]:
        key = (engine, precision, threads)
        if key not in self._engines:
            self._engines[key] = {
                member.name: member.model.engine(engine=engine, precision=precision, threads=threads)
                for member in self.members
            }
        return self._engines[key]

    def _check_contracts(self) -> None:
        first = self.members[0]
        for member in self.members:
            described = member.model.description
            if len(described.classes) != 2:
                raise ModelError(
                    f"{self.folder / SIEVE}: the member {member.name!r} tells {len(described.classes)} "
                    "classes apart; a member of a sieve tells two"
                )
            for part in ("shape", "channels", "unit"):
                found, expected = getattr(described.contract, part), getattr(self.contract, part)
                if found != expected:
                    raise ModelError(
                        f"{self.folder / SIEVE}: the member {member.name!r} takes images of {part} {found}, "
                        f"{first.name!r} of {expected}; the members of a sieve see the same images"
                    )


def shipped_sieves() -> list[str]:
    """Return the names of the sieves that come with skysieve."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{SIEVE}"))


def is_sieve(place: str | Path) -> bool:
    """Say whether a place is a sieve: its folder, its file, or the name of a shipped one."""
    path = Path(place)
    return (
        (path / SIEVE).is_file() or (path.name == SIEVE and path.is_file()) or str(place) in shipped_sieves()
    )


def load_model_or_sieve(place: str | Path) -> Model | Sieve:
    """Open a model folder or a sieve, or what is shipped under the name.

    Raises
    ------
    ModelError
        If it is neither, or damaged.
    """
    return Sieve.load(place) if is_sieve(place) else Model.load(place)


def _find(place: str | Path) -> Path:
    path = Path(place)
    if path.name == SIEVE and path.is_file():
        return path
    if (path / SIEVE).is_file():
        return path / SIEVE
    if str(place) in shipped_sieves():
        return SHIPPED / str(place) / SIEVE
    shipped = ", ".join(shipped_sieves()) or "none is shipped"
    raise ModelError(f"{place}: is neither a folder with a {SIEVE} nor a shipped sieve ({shipped})")


def _run_in_batches(run: Engine, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Score images, always as many at a time."""
    scores = np.empty(len(images), dtype=np.float32)
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        if len(batch) < BATCH:
            batch = np.concatenate([batch, np.zeros((BATCH - len(batch), *batch.shape[1:]), np.float32)])
        scores[start : start + BATCH] = run(batch)[: len(images) - start]
    return scores


def _open(member: MemberDescription, path: Path) -> Member:
    folder = path.parent / member.model
    try:
        model = Model.load(folder if folder.is_dir() else member.model)
    except ModelError as error:
        raise ModelError(f"{path}: member {member.name!r}: {error}") from None
    if model.identity != member.identity:
        raise ModelError(
            f"{path}: the member {member.name!r} is the model {member.identity[:12]}..., {model.folder} "
            f"holds {model.identity[:12]}...; restore that model, or write the sieve again with this one"
        )
    return Member(member.name, member.family, model, member.threshold)
