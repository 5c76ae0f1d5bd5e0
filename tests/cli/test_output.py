"""Tables as the terminal shows them."""

from __future__ import annotations

import pytest

from skysieve.cli.output import say_columns, say_error


def test_columns_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    say_columns(("number", "name"), [[7, "a"], [123, "a long name"]])
    assert capsys.readouterr().out.splitlines() == ["number  name", "     7  a", "   123  a long name"]


def test_columns_without_rows_are_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    say_columns(("number", "name"), [])
    assert capsys.readouterr().out == "number  name\n"


def test_an_error_is_one_line_unless_it_points_at_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    say_error("a model\n  is damaged")
    say_error("filter: no field is called 'scor'\n  scor > 1\n  ^")
    assert capsys.readouterr().err.splitlines() == [
        "error: a model is damaged",
        "error: filter: no field is called 'scor'",
        "  scor > 1",
        "  ^",
    ]
