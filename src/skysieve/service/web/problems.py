"""What an error is told as: its status and what the caller may know of it."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from skysieve.errors import AccessError, InputError, ServiceError, UnknownNameError
from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.roles import Role

__all__ = ["HANDLED", "Problem", "problem_of"]

#: Exceptions that `problem_of` knows; every other is a fault of the program.
HANDLED: tuple[type[Exception], ...] = (
    AccessError,
    DBAPIError,
    HTTPException,
    InputError,
    OSError,
    OverflowError,
    PoolTimeout,
    RequestValidationError,
    ServiceError,
    UnknownNameError,
)
_RETRY = {"Retry-After": "10"}
_SORRY = "the service cannot do that now; try again in a while"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as the caller is told.

    Parameters
    ----------
    status : int
        Of HTTP.
    kind : str
        Short slug of the reason.
    message : str
        A sentence for people.
    item : str
        What it is about; may be empty.
    headers : mapping
        To send with it.
    """

    status: int
    kind: str
    message: str
    item: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_of(error: Exception, caller: Caller | None) -> Problem:
    """Return what to tell of an error.

    Parameters
    ----------
    error : Exception
        Anything that a route raised.
    caller : Caller, optional
        Who called: details of what is wrong inside are for those who can mend it.

    Examples
    --------
    >>> problem_of(InputError("candidate 7", "no-such-candidate", "is not there"), None).status
    404
    >>> problem_of(ZeroDivisionError("in /srv/secret"), None).message
    'something went wrong here; it was written to the log'
    """
    match error:
        case AccessError():
            return _access(error, caller)
        case InputError():
            return Problem(_status_of(error.kind), error.kind, error.reason, error.item)
        case UnknownNameError():
            return Problem(404, "no-such-name", str(error))
        case RequestValidationError():
            return _validation(error)
        case HTTPException():
            return _http(error)
        case DataError() | OverflowError():
            return Problem(
                400, "bad-value", "holds a value that no database can keep; send smaller or other ones"
            )
        case ServiceError():
            mender = caller is not None and caller.role >= Role.CURATOR
            return Problem(503, "service", str(error) if mender else _SORRY, headers=_RETRY)
        case OperationalError() | InterfaceError() | PoolTimeout():
            return Problem(503, "database", _SORRY, headers=_RETRY)
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Problem(
                503, "disk-full", "the disk is full; tell whoever runs the service", headers=_RETRY
            )
    return Problem(500, "fault", "something went wrong here; it was written to the log")


def _access(error: AccessError, caller: Caller | None) -> Problem:
    if caller is None:
        return Problem(401, "not-signed-in", str(error), headers={"WWW-Authenticate": "Bearer"})
    return Problem(403, "not-allowed", str(error))


def _status_of(kind: str) -> int:
    if kind.startswith("no-such-"):
        return 404
    return 409 if kind.startswith("already-") or kind == "last-admin" else 400


def _validation(error: RequestValidationError) -> Problem:
    # What was sent is not repeated: it may be a password.
    said = [(".".join(map(str, each["loc"])), str(each["msg"])) for each in error.errors()]
    text = "; ".join(f"{place}: {message}" for place, message in said[:5])
    return Problem(
        422, "bad-request-value", text or "is not what the route expects", said[0][0] if said else ""
    )


def _http(error: HTTPException) -> Problem:
    status, detail = error.status_code, str(error.detail)
    kind, plain = _OF_HTTP.get(status, (f"status-{status}", "that cannot be done"))
    # Without words of its own an HTTPException says the phrase of the status, which differs between releases.
    said = detail and detail != HTTPStatus(status).phrase
    return Problem(status, kind, detail if said else plain, headers=dict(error.headers or {}))


_OF_HTTP = {
    400: ("bad-request", "what was sent cannot be read"),
    403: ("not-allowed", "this is not allowed"),
    404: ("not-found", "there is no such page here"),
    405: ("method-not-allowed", "the page is there, but cannot be asked in this way"),
    413: ("content-too-large", "what was sent is too large"),
    415: ("unsupported-media-type", "what was sent is of a kind that is not taken here"),
    422: ("bad-request-value", "what was sent is not what the route expects"),
    429: ("too-many-requests", "too many requests; wait, and send fewer"),
}
