"""What the processes of a service tell: events as lines of JSON, or for people on a terminal; no secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

__all__ = ["configure_logs", "redacted"]

#: What stands in the place of a secret.
HIDDEN = "[hidden]"
#: The time on a terminal: UTC, as every other.
_SHORT = "%H:%M:%SZ"
_SECRET_NAME = re.compile(
    r"passw|secret|token|cookie|csrf|authori[sz]ation|api_?key|signature", re.IGNORECASE
)
#: ``scheme://user:password@`` in any text, and what follows the name of an authentication scheme.
_IN_ADDRESS = re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@")
_IN_HEADER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)
#: What a terminal takes for a command; lines and tabs are left.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: Libraries that speak of every request and every file they touch.
_TALKATIVE = ("httpx", "httpcore", "watchfiles", "uvicorn.access", "uvicorn.error", "alembic")
#: Libraries that may have set up where their logs go before this process was asked.
_WITH_OWN_HANDLERS = ("uvicorn", "uvicorn.access", "uvicorn.error")
#: What a line of JSON begins with, for whoever reads it without a tool.
_FIRST = ("at", "level", "process", "event")


def configure_logs(*, process: str, stream: TextIO | None = None, pretty: bool | None = None) -> None:
    """Send every log of this process to one stream, those of libraries among them.

    Parameters
    ----------
    process : str
        Which process it is, in every line: ``web``, ``worker``, ``serve``.
    stream : text file, optional
        Standard error if left out.
    pretty : bool, optional
        For people instead of machines; if left out, where the stream is a terminal.
    """
    stream = stream or sys.stderr
    pretty = stream.isatty() if pretty is None else pretty
    before: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt=_SHORT if pretty else "iso", utc=True, key="at"),
        _in_process(process),
        _without_colours,
        structlog.processors.StackInfoRenderer(),
        # A terminal shows tracebacks by itself, with their lines.
        *(() if pretty else (structlog.processors.format_exc_info,)),
        _hide_secrets,
        # Names and addresses come from outside; a terminal would do what is written in them.
        *((_without_controls,) if pretty else ()),
        _in_order,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(timestamp_key="at", exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _WITH_OWN_HANDLERS:
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True


def redacted(value: Any, name: str = "") -> Any:
    """Return a value of a log with its secrets hidden, however deep they lie.

    Parameters
    ----------
    value : object
        Text, numbers, mappings and sequences of them.
    name : str
        What the value is called: a name that speaks of a secret hides all of it.

    Examples
    --------
    >>> redacted({"user": "ana", "password": "x", "from": "postgresql://sky:pw@db/night"})
    {'user': 'ana', 'password': '[hidden]', 'from': 'postgresql://sky:[hidden]@db/night'}
    """
    if _SECRET_NAME.search(name) and value not in (None, "", True, False):
        return HIDDEN
    if isinstance(value, str):
        return _IN_HEADER.sub(rf"\1 {HIDDEN}", _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", value))
    if isinstance(value, Mapping):
        return {key: redacted(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(each) for each in value]
    return value


def _in_process(process: str) -> structlog.types.Processor:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("process", process)
        return event

    return add


def _without_colours(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("color_message", None)  # uvicorn says everything twice
    return event


def _without_controls(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        name: _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", value)
        if isinstance(value, str)
        else value
        for name, value in event.items()
    }


def _in_order(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: event[name] for name in _FIRST if name in event} | dict(event)


def _hide_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Names that begin with an underscore are those of structlog's own.
    return {name: value if name.startswith("_") else redacted(value, name) for name, value in event.items()}
