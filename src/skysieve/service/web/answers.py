"""How errors are answered: as JSON for programs, as a page or the way to the sign-in for people."""

from __future__ import annotations

import contextlib
import logging
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import StatementError
from starlette.exceptions import HTTPException

from skysieve.service.accounts.identify import identify
from skysieve.service.database.reason import reason_of
from skysieve.service.web.access import Guard
from skysieve.service.web.local_path import local_path
from skysieve.service.web.problems import HANDLED, Problem, problem_of
from skysieve.service.web.templating import render

__all__ = ["add_error_answers", "answer_error", "answer_problem"]

_LOG = logging.getLogger(__name__)


def add_error_answers(application: FastAPI) -> None:
    """Answer what routes raise."""
    for kind in HANDLED:
        application.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    if not hasattr(request.state, "caller") and _for_people(request):
        # No route was found, so that no guard asked: the page still shows its menu to who has signed in.
        with contextlib.suppress(HTTPException):
            await identify(request, Guard(None, ""))
    return answer_error(request, error)


def answer_error(request: Request, error: Exception) -> Response:
    """Return the answer to an error; what is wrong inside goes to the log, with the request's id.

    Parameters
    ----------
    request : Request
        What led to it.
    error : Exception
        What was raised.
    """
    problem = problem_of(error, getattr(request.state, "caller", None))
    if isinstance(error, StatementError):
        # What was to be stored may be a hash or a secret: it stays out of the log.
        error.hide_parameters = True
    if problem.status >= 500:
        _LOG.error(
            "request %s: %s %s failed with %d: %s",
            _request_id(request),
            request.method,
            request.url.path,
            problem.status,
            reason_of(error),
            # Where the program went wrong matters of its own faults only, not of a database that is down.
            exc_info=error if problem.status == 500 else None,
        )
    return answer_problem(request, problem)


def answer_problem(request: Request, problem: Problem) -> Response:
    """Return the answer that tells of a problem."""
    if not _for_people(request):
        return JSONResponse(
            {
                "error": problem.message,
                "kind": problem.kind,
                "item": problem.item,
                "request_id": _request_id(request),
            },
            problem.status,
            dict(problem.headers),
        )
    if problem.status == 401:
        return RedirectResponse(f"/sign-in?next={quote(_came_for(request), safe='')}", 303)
    page = render(
        request, "error.html", status=problem.status, problem=problem, request_id=_request_id(request)
    )
    page.headers.update(problem.headers)
    return page


def _for_people(request: Request) -> bool:
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def _came_for(request: Request) -> str:
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return local_path(request.url.path + query)


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))
