"""What every command about uncertainty leaves: a JSON file to compute with and a page to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skysieve import __version__
from skysieve.evaluation.uncertainty_page import PageSection, UncertaintyPage, write_uncertainty_page
from skysieve.recipes.json_file import write_json
from skysieve.samples.findings import Finding

__all__ = ["Subject", "Written", "write_results"]


@dataclass(frozen=True)
class Subject:
    """What was looked at.

    Parameters
    ----------
    name : str
        Of the model or the recipe.
    identity : str
        Content hash of the model; empty for a recipe.
    data : mapping
        Where the samples came from.
    disclosure : str
        How the labels came to be, where that limits what figures mean.
    """

    name: str
    identity: str = ""
    data: Mapping[str, Any] | None = None
    disclosure: str = ""


@dataclass(frozen=True)
class Written:
    """Where results lie.

    Parameters
    ----------
    table : Path
        ``uncertainty-<command>.json``.
    report : Path
        The same as a page: ``uncertainty-<command>.html``.
    disclosure : str
        How the labels came to be, where that limits what figures mean.
    """

    table: Path
    report: Path
    disclosure: str = ""


def write_results(
    folder: Path,
    command: str,
    subject: Subject,
    *,
    settings: Mapping[str, Any],
    results: Mapping[str, Any],
    sections: Sequence[PageSection],
    findings: Sequence[Finding] = (),
    title: str,
) -> Written:
    """Write results as JSON and as a page.

    Parameters
    ----------
    folder : Path
        Where; made if absent.
    command : str
        Name of the command, which names the files.
    subject : Subject
        Model and samples.
    settings : mapping
        What was asked for; with a ``seed``.
    results : mapping
        For the JSON file.
    sections : sequence of PageSection
        For the page.
    findings : sequence of Finding
        What limits the results.
    title : str
        Of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table, report = (folder / f"uncertainty-{command}.{ending}" for ending in ("json", "html"))
    model = {"name": subject.name, "identity": subject.identity}
    write_json(
        table,
        {
            "command": command,
            "seed": settings["seed"],
            "model": model,
            "data": dict(subject.data or {}),
            "labels": subject.disclosure,
            "settings": dict(settings),
            "results": dict(results),
            "findings": [finding.as_dict() for finding in findings],
            "skysieve": __version__,
        },
    )
    facts = [("model", subject.name), ("identity", subject.identity[:12]), ("seed", str(settings["seed"]))]
    page = UncertaintyPage(
        title=title,
        facts=facts,
        sections=sections,
        disclosure=subject.disclosure,
        findings=findings,
        settings=settings,
    )
    return Written(table, write_uncertainty_page(report, page), subject.disclosure)
