"""The page on filters names every field as the table of fields has it, and its examples are filters."""

from __future__ import annotations

import re
from pathlib import Path

from skysieve.service.candidates.export import export_formats
from skysieve.service.candidates.sort_order import SORTS
from skysieve.service.filters import comparisons, language, tokens
from skysieve.service.filters.fields import describe_fields
from skysieve.service.filters.language import parse_filter
from skysieve.service.service import Service

PAGE = (Path(__file__).parents[3] / "docs" / "service" / "filters.md").read_text(encoding="utf-8")


def test_every_field_stands_in_the_table(sqlite_service: Service) -> None:
    with sqlite_service.database.reading() as session:
        expected = [
            f"| `{field.name}` | {field.type} | {field.meaning} | `{field.example}` |"
            for field in describe_fields(session)
        ]
    table = PAGE.split("## Fields")[1].split("`labelled_by")[0]
    shown = [line for line in PAGE.splitlines() if line in expected]
    assert shown == expected
    assert table.count("\n| `") <= len(expected)


def test_examples_are_filters(sqlite_service: Service) -> None:
    blocks = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks[:2] for line in block.splitlines()]
    assert len(lines) == 10
    with sqlite_service.database.reading() as session:
        for text in [*lines, *(field.example for field in describe_fields(session))]:
            assert parse_filter(text).condition is not None


def test_limits_orders_and_formats_are_told() -> None:
    limits = (tokens.LONGEST_FILTER, language.MOST_TESTS, language.DEEPEST, language.MOST_VALUES)
    for number in (*limits, tokens.LONGEST_TEXT, comparisons.MOST_STARS):
        assert re.search(rf"\b{number:,}\b", PAGE.split("bad-filter")[1])
    for name in (*SORTS, *export_formats()):
        assert f"`{name}`" in PAGE
