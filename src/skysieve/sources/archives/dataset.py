"""Public data sets by name: where they are, whom to thank, how to fetch and read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skysieve.registry import Registry
from skysieve.samples.description import Description
from skysieve.samples.findings import Finding
from skysieve.sources.archives.download import RemoteFile

__all__ = ["DATASETS", "Dataset"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A public data set.

    Parameters
    ----------
    name : str
        As it is fetched.
    summary : str
        One line: what it is.
    citation : str
        Whom to cite and under which licence, as far as its authors say so.
    files : tuple of RemoteFile
        What there is to fetch.
    fetch : callable
        ``fetch(folder, client=None, progress=None)`` fetches all files into a folder and returns it.
    read : callable
        ``read(folder)`` opens what was fetched.
    describe : callable
        ``describe(opened)`` returns the `Description` of its sample set.
    blocks : callable
        ``blocks(opened)`` yields its samples, as columns of some hundred rows, and findings.
    """

    name: str
    summary: str
    citation: str
    files: tuple[RemoteFile, ...]
    fetch: Callable[..., Path]
    read: Callable[[Path], Any]
    describe: Callable[[Any], Description]
    blocks: Callable[[Any], Iterator[Mapping[str, Any] | Finding]]

    def write_samples(self, folder: str | Path, path: str | Path) -> tuple[Finding, ...]:
        """Write what was fetched as a sample set, block by block.

        Parameters
        ----------
        folder : str or Path
            Where `fetch` put the files.
        path : str or Path
            The sample set (Parquet).

        Returns
        -------
        tuple of Finding
            What was kept aside.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        SampleSetError
            If no sample is usable.
        """
        # pyarrow takes a quarter of a second to import, which a list of the data sets does not need.
        from skysieve.samples.parquet import SampleWriter

        opened = self.read(Path(folder))
        findings: list[Finding] = []
        with SampleWriter(path, self.describe(opened)) as writer:
            for block in self.blocks(opened):
                if isinstance(block, Finding):
                    findings.append(block)
                else:
                    writer.write(block)
        return tuple(findings)


#: Data sets by name; a new one is a new module beside this one or an entry point in ``skysieve.datasets``.
DATASETS: Registry[Dataset] = Registry("dataset", package="skysieve.sources.archives")
