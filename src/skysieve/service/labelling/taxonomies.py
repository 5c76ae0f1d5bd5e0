"""The words that may be said of a candidate, in versions: a changed list changes nothing that was said."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Taxonomy
from skysieve.service.database.tables.candidates import ALERT, STREAK
from skysieve.service.labelling.shipped_taxonomies import SHIPPED

__all__ = [
    "DEFAULT_TAXONOMIES",
    "check_value",
    "current_taxonomy",
    "ensure_taxonomies",
    "meaning_of_values",
    "new_version",
    "newest_taxonomy",
    "taxonomies",
]

#: The taxonomy that candidates of a kind are labelled with where nobody names another.
DEFAULT_TAXONOMIES: Mapping[str, str] = {ALERT: "real-bogus", STREAK: "streaks"}

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")
_MOST_CLASSES = 64


def ensure_taxonomies(session: Session) -> None:
    """Insert the shipped taxonomies where there is none of their name; those that are there stay as they are.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    """
    known = set(session.scalars(select(Taxonomy.name).distinct()))
    rows = [
        {"name": name, "version": 1, "kind": kind, "classes": [dict(each) for each in classes]}
        for name, (kind, classes) in SHIPPED.items()
        if name not in known
    ]
    insert_new(session, Taxonomy, rows)


def current_taxonomy(session: Session, kind: str, name: str = "") -> Taxonomy:
    """Return the newest version of a taxonomy.

    Parameters
    ----------
    session : Session
        Of the database.
    kind : str
        Kind of candidates.
    name : str
        Which one; that of `DEFAULT_TAXONOMIES` if empty.

    Raises
    ------
    InputError
        ``no-such-taxonomy`` if there is none of that name for that kind.
    """
    wanted = name or DEFAULT_TAXONOMIES.get(kind, "")
    found = _newest(session, wanted)
    if found is None and wanted in SHIPPED:
        ensure_taxonomies(session)
        found = _newest(session, wanted)
    if found is None or found.kind not in ("", kind):
        known = ", ".join(sorted({each.name for each in taxonomies(session, kind)})) or "none"
        raise InputError(
            wanted or kind,
            "no-such-taxonomy",
            f"is no taxonomy for candidates of kind {kind!r}; known: {known}",
        )
    return found


def newest_taxonomy(session: Session, name: str) -> Taxonomy:
    """Return the newest version of a taxonomy, whatever it is for.

    Raises
    ------
    InputError
        ``no-such-taxonomy``.
    """
    found = _newest(session, name)
    if found is None:
        known = ", ".join(each.name for each in taxonomies(session)) or "none"
        raise InputError(name, "no-such-taxonomy", f"is no taxonomy here; known: {known}")
    return found


def taxonomies(session: Session, kind: str = "") -> list[Taxonomy]:
    """Return the newest version of every taxonomy, of one kind or of all, by name."""
    newest = select(func.max(Taxonomy.id)).group_by(Taxonomy.name)
    rows = session.scalars(select(Taxonomy).where(Taxonomy.id.in_(newest)).order_by(Taxonomy.name))
    return [each for each in rows if not kind or each.kind in ("", kind)]


def new_version(session: Session, name: str, classes: Sequence[Mapping[str, Any]], *, kind: str) -> Taxonomy:
    """Store a changed list of classes as the next version; labels of earlier versions keep theirs.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    name : str
        Name of the taxonomy: small letters, digits and ``-``; a new name begins with version 1.
    classes : sequence of mapping
        ``name``, and as they are wanted ``key`` (one character), ``meaning`` (a sentence) and ``real``
        (true, false, or null where the class says nothing about it), in their order.
    kind : str
        Kind of candidates; empty: any.

    Returns
    -------
    Taxonomy
        The new version, or the newest one where it has these very classes.

    Raises
    ------
    InputError
        ``bad-taxonomy`` if a name or key is missing, malformed or given twice.
    """
    if not _NAME.fullmatch(name):
        raise InputError(name, "bad-taxonomy", "names are of small letters, digits and '-', at most 48")
    checked = _checked(name, classes)
    before = _newest(session, name)
    if before is not None and before.kind != kind:
        reason = f"is for kind {before.kind!r}, not {kind!r}; choose another name"
        raise InputError(name, "bad-taxonomy", reason)
    if before is not None and before.classes == checked:
        return before
    version = 1 if before is None else before.version + 1
    made = Taxonomy(name=name, version=version, kind=kind, classes=checked)
    session.add(made)
    session.flush()
    return made


def check_value(taxonomy: Taxonomy, value: str) -> None:
    """Raise unless a value is a class of a taxonomy.

    Raises
    ------
    InputError
        ``bad-class``, with the nearest right name.
    """
    names = [each["name"] for each in taxonomy.classes]
    if value not in names:
        near = difflib.get_close_matches(value, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InputError(
            value[:80],
            "bad-class",
            f"is no class of {taxonomy.name} version {taxonomy.version} ({', '.join(names)}){hint}",
        )


def meaning_of_values(taxonomies: Iterable[Taxonomy]) -> dict[tuple[int, str], bool | None]:
    """Return whether a class is real by (taxonomy id, class); None where the class does not say.

    Examples
    --------
    >>> made = Taxonomy(id=7, name="t", classes=[{"name": "real", "key": "r", "meaning": "", "real": True}])
    >>> meaning_of_values([made])
    {(7, 'real'): True}
    """
    return {(each.id, cls["name"]): cls.get("real") for each in taxonomies for cls in each.classes}


def _newest(session: Session, name: str) -> Taxonomy | None:
    statement = select(Taxonomy).where(Taxonomy.name == name).order_by(Taxonomy.version.desc()).limit(1)
    return session.scalars(statement).first()


def _checked(name: str, classes: Sequence[Mapping[str, Any]]) -> list[Any]:
    if not 2 <= len(classes) <= _MOST_CLASSES:
        raise InputError(name, "bad-taxonomy", f"has {len(classes)} classes; expected 2 to {_MOST_CLASSES}")
    made: list[dict[str, Any]] = []
    for given in classes:
        each = {
            "name": given.get("name", ""),
            "key": given.get("key", ""),
            "meaning": given.get("meaning", ""),
            "real": given.get("real"),
        }
        if strange := sorted(set(given) - set(each)):
            raise InputError(name, "bad-taxonomy", f"a class has {strange[0]!r}; expected {', '.join(each)}")
        _check_class(name, each)
        made.append(each)
    for field in ("name", "key"):
        values = [each[field] for each in made if each[field]]
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise InputError(name, "bad-taxonomy", f"the {field} {twice[0]!r} is given to two classes")
    return made


def _check_class(name: str, each: Mapping[str, Any]) -> None:
    if not isinstance(each["name"], str) or not _NAME.fullmatch(each["name"]):
        reason = (
            f"the class {str(each['name'])[:60]!r}: names are of small letters, digits and '-', at most 48"
        )
        raise InputError(name, "bad-taxonomy", reason)
    key = each["key"]
    if not isinstance(key, str) or len(key) > 1 or (key and not key.isprintable()):
        raise InputError(name, "bad-taxonomy", f"the key of {each['name']!r} is one character or empty")
    if not isinstance(each["meaning"], str):
        raise InputError(name, "bad-taxonomy", f"the meaning of {each['name']!r} is a sentence")
    if each["real"] not in (True, False, None) or isinstance(each["real"], int | float) != isinstance(
        each["real"], bool
    ):
        raise InputError(name, "bad-taxonomy", f"'real' of {each['name']!r} is true, false or null")
