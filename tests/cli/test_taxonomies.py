"""What is wrong with a list of classes is said, and nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[[list[str]], tuple[str, str]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "does not exist"),
        ("{", "cannot be read as JSON"),
        ('{"name": "real"}', "expected a list of classes"),
        ('[{"name": "real"}]', "has 1 classes"),
        ('[{"name": "real"}, {"name": "real"}]', "given to two classes"),
        ('[{"name": "real", "colour": "red"}, {"name": "bogus"}]', "colour"),
    ],
)
def test_wrong_classes_are_refused(
    text: str | None,
    said: str,
    tmp_path: Path,
    call: Call,
    provide: Callable[[Path, str], None],
) -> None:
    provide(tmp_path, "service")
    home = ["--home", str(tmp_path / "service")]
    path = tmp_path / "words.json"
    if text is not None:
        path.write_text(text)
    assert said in call(["taxonomies", "change", "real-bogus", str(path), *home])[1]
    assert " 1  alert" in call(["taxonomies", "list", *home])[0]


def test_new_name_begins_a_new_taxonomy(
    tmp_path: Path, call: Call, provide: Callable[[Path, str], None]
) -> None:
    provide(tmp_path, "service words.json")
    home = ["--home", str(tmp_path / "service")]
    words = str(tmp_path / "words.json")
    said, _ = call(["taxonomies", "change", "kinds", words, "--kind", "streak", *home])
    assert said == "kinds is at version 1\n"
    assert call(["taxonomies", "change", "kinds", words, *home])[0] == "kinds is at version 1\n"
    assert "no taxonomy here; known: " in call(["taxonomies", "show", "sorts", *home])[1]
