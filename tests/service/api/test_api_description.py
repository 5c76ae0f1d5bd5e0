"""Odd requests made from the description of the API: none is answered by an error of the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from skysieve.service.service import Service

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: Requests made for each call of the API.
REQUESTS = 25
#: What there is, by the name of the parameter.
EXISTING = {"candidate_id": (1, 2, 3), "scorer_id": (1, 2), "survey": ("ZTF",)}

pytestmark = pytest.mark.slow


def test_no_request_breaks_the_service(
    night: Service, application: FastAPI, make_token: Callable[..., str]
) -> None:
    schema = schemathesis.openapi.from_dict(application.openapi())
    schema.app = application
    broken: dict[str, str] = {}
    answers: Counter[int] = Counter()
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        try:
            # Each with a token of its own: one of the calls takes tokens back.
            answers += probe(operation, {"Authorization": f"Bearer {make_token('admin')}"})
        # Every operation is asked, whatever the one before did.
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            broken[operation.label] = "".join(str(each) for each in getattr(error, "exceptions", [error]))
    assert answers[200] > len(operations)
    assert answers[401] < REQUESTS, "most requests must get past the guard"
    assert not broken, "\n\n".join(f"{label}\n{reason}" for label, reason in broken.items())


def probe(operation: schemathesis.schemas.APIOperation, headers: dict[str, str]) -> Counter[int]:
    """Ask one call of the API many times, about things that exist every other time; return the answers."""
    answers: Counter[int] = Counter()

    @settings(
        max_examples=REQUESTS,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
        derandomize=True,
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        for name, existing in EXISTING.items():
            if name in case.path_parameters and answers.total() % 2:
                case.path_parameters[name] = existing[answers.total() % len(existing)]
        answers[case.call_and_validate(headers=headers, checks=CHECKS).status_code] += 1

    ask()
    return answers
