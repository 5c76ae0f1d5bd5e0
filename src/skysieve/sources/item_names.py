"""Names of items as text that can be printed, stored and compared."""

from __future__ import annotations

__all__ = ["printable"]


def printable(name: str) -> str:
    r"""Spell out what of a file's name is no Unicode.

    Systems name files by bytes; Python carries those that are no UTF-8 as lone surrogates,
    which no terminal, JSON or Parquet file takes.

    Examples
    --------
    >>> printable("night/1.avro"), printable("night/\udcff.avro")
    ('night/1.avro', 'night/\\udcff.avro')
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
