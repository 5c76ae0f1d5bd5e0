"""Tables as the terminal shows them."""

from __future__ import annotations

import pytest

from skysieve.cli.output import say_columns


def test_columns_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    say_columns(("number", "name"), [[7, "a"], [123, "a long name"]])
    assert capsys.readouterr().out.splitlines() == ["number  name", "     7  a", "   123  a long name"]


def test_columns_without_rows_are_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    say_columns(("number", "name"), [])
    assert capsys.readouterr().out == "number  name\n"
