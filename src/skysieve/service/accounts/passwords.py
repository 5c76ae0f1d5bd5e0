"""Passwords: hashed by Argon2, verified with the same work for everybody, refused where easily guessed."""

from __future__ import annotations

import contextlib
import functools
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterator

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from skysieve.errors import InputError, ServiceError

__all__ = [
    "LONGEST",
    "SHORTEST",
    "check_password",
    "generate_password",
    "hash_password",
    "needs_new_hash",
    "verify_password",
]

#: Characters of a password.
SHORTEST, LONGEST = 12, 256

#: Parameters of RFC 9106 for 64 MiB; what they are is part of each hash.
HASHER = PasswordHasher()
# Each takes 64 MiB: a flood of sign-ins queues here instead of filling the memory, but not for long, since
# whoever waits holds one of the threads that answer everybody.
_AT_ONCE = threading.BoundedSemaphore(2)
# Further ones are turned away at once: there are some dozens of threads, and others want to be answered.
_IN_LINE = threading.BoundedSemaphore(10)
WAIT_S = 5.0
_TOO_MANY = "too many people sign in just now; try again in a while"

# What people pad passwords with; what is left without it must still be hard to guess.
_WORDS = (
    "password", "passwort", "skysieve", "telescope", "astronomy", "palomar", "observatory", "letmein",
    "welcome", "iloveyou", "dragon", "monkey", "football", "baseball", "sunshine", "princess", "master",
    "administrator", "admin", "scanner", "curator", "viewer", "secret", "changeme", "default", "summer",
    "winter", "spring", "autumn", "trustno", "superman", "login", "guest", "user", "test",
)  # fmt: skip
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop")
_LEET = str.maketrans("@$!013457", "asioleast")
#: Characters that must be left when words, rows of keys and repetitions are taken out.
_LEFT = 5


def hash_password(password: str) -> str:
    """Return the Argon2 hash of a password, with its salt and parameters.

    Raises
    ------
    ServiceError
        If too many passwords are hashed or verified just now.
    """
    with _turn():
        return HASHER.hash(_normal(password))


def verify_password(password: str, stored: str) -> bool:
    """Say whether a password is that of a hash.

    Parameters
    ----------
    password : str
        What was typed.
    stored : str
        The hash; empty where there is no such user, or one without a password: the answer is no, after
        the same work as for anybody.

    Raises
    ------
    ServiceError
        As of `hash_password`.
    """
    if len(password) > LONGEST:
        # Nobody has one so long; what is verified instead is as much work.
        password, stored = "", ""
    expected = stored or _hash_of_nobody(HASHER)
    with _turn():
        try:
            return HASHER.verify(expected, _normal(password)) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


def needs_new_hash(stored: str) -> bool:
    """Say whether a hash was made with other parameters than those of today."""
    return HASHER.check_needs_rehash(stored)


def check_password(password: str, name: str = "") -> None:
    """Refuse a password that is short, or that a list of common ones would hold.

    Parameters
    ----------
    password : str
        The new password.
    name : str
        The user's name, which it must not lean on.

    Raises
    ------
    InputError
        ``weak-password``; the message never holds the password.

    Examples
    --------
    >>> check_password("copper kettle 81 moons")
    >>> check_password("Password123456")
    Traceback (most recent call last):
        ...
    skysieve.errors.InputError: password: is easily guessed (common words, rows of keys or the user's name);
    take four words that do not belong together
    """
    if len(password) < SHORTEST:
        raise InputError(
            "password", "weak-password", f"has {len(password)} characters; take {SHORTEST} or more"
        )
    if len(password) > LONGEST:
        raise InputError("password", "weak-password", f"has more than {LONGEST} characters; take fewer")
    if len(_without_the_common(password, name)) < _LEFT:
        raise InputError(
            "password",
            "weak-password",
            "is easily guessed (common words, rows of keys or the user's name); "
            "take four words that do not belong together",
        )


def generate_password() -> str:
    """Return a random password of 100 bits, in groups that are easily typed."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    if not _IN_LINE.acquire(blocking=False):
        raise ServiceError(_TOO_MANY)
    try:
        if not _AT_ONCE.acquire(timeout=WAIT_S):
            raise ServiceError(_TOO_MANY)
        try:
            yield
        finally:
            _AT_ONCE.release()
    finally:
        _IN_LINE.release()


def _normal(password: str) -> str:
    # Typed on another keyboard, the same characters may come as other bytes.
    return unicodedata.normalize("NFKC", password)


@functools.lru_cache(maxsize=4)
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_hex(16))


def _without_the_common(password: str, name: str) -> str:
    text = re.sub(r"(?:19|20)\d\d", "", _normal(password).lower())
    # Both with and without digits that stand for letters: "passw0rd" is the word, "8675309" is not.
    return min((_stripped(each, name) for each in (text, text.translate(_LEET))), key=len)


def _stripped(text: str, name: str) -> str:
    for word in sorted((*_WORDS, *re.findall(r"\w{3,}", name.lower())), key=len, reverse=True):
        text = text.replace(word, "")
    text = _without_rows(text)
    # A part that is repeated counts once: "abab", "xxxx".
    text = re.sub(r"(.+?)\1+", r"\1", text)
    return re.sub(r"[\W_]", "", text)


def _without_rows(text: str) -> str:
    rows = [row for each in _ROWS for row in (each, each[::-1])]
    start, kept = 0, []
    while start < len(text):
        end = start + 3
        while end <= len(text) and any(text[start:end] in row for row in rows):
            end += 1
        if end - 1 - start >= 3:
            start = end - 1
        else:
            kept.append(text[start])
            start += 1
    return "".join(kept)
