"""The short way to the pixels of a packet: find its chain of cutouts without reading what lies before.

Between the detection and its cutouts a packet holds the history of the object,
some 25 KB that vetting does not need and a reader must walk through number by
number. The cutouts themselves are recognisable: each is (a union mark,) (the
length of a file name, the file name,) the length of the pixels, and pixels that
begin with the magic of gzip or FITS. So the first such magic is looked for, and
believed only if all cutouts follow each other without a gap *and* the chain ends
exactly where the schema says that it must. Whatever does not fit (a cutout that
is absent, uncommon fields, damaged bytes) is left to the complete reader.

A false chain that ends exactly right does not come about by chance. It can be put
into the history or the pixels on purpose, by who writes the packet and so chooses
its pixels anyway; that is why no check of all that lies between is paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from skysieve.sources.alerts.avro.binary import encode_long, read_long

__all__ = ["CutoutChain"]

_GZIP, _FITS = b"\x1f\x8b\x08", b"SIMPLE  ="
# Longer names are left to the complete reader, and so is a packet with many false starts.
_NAME_LENGTHS = tuple(encode_long(length) for length in range(256))
# The longest first: the end of a long number looks like a short one.
_LENGTH_WIDTHS = range(5, 0, -1)
_MAX_STARTS = 64

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Step:
    """One length-prefixed run of bytes: the constant bytes before its length, and whether it holds pixels."""

    mark: bytes
    pixels: bool


class CutoutChain:
    """The encoding of consecutive cutout fields.

    Parameters
    ----------
    steps : sequence of sequence of _Step
        The runs of bytes of each cutout.
    """

    def __init__(self, steps: Sequence[Sequence[_Step]]) -> None:
        self._steps = [step for cutout in steps for step in cutout]
        *name, pixels = steps[0]
        self._mark = pixels.mark
        # Cutouts with a file name are gzipped, bare ones are not: the likely magic first.
        self._magics = (_GZIP, _FITS) if name else (_FITS, _GZIP)
        # What a name of each length begins with.
        self._names = [name[0].mark + length for length in _NAME_LENGTHS] if name else None

    @classmethod
    def of_fields(cls, types: Sequence[Any], named: dict[str, Any]) -> CutoutChain | None:
        """Compile the chain of some field types, or return None if they are of another kind.

        Parameters
        ----------
        types : sequence
            Parsed types of the cutout fields in the order they are written.
        named : dict
            The named types that they may refer to.
        """
        steps = [_steps_of(each, named) for each in types]
        known = [each for each in steps if each is not None]
        return cls(known) if len(known) == len(steps) > 0 else None

    def find(self, data: bytes, start: int, ends_right: Callable[[int], bool]) -> list[Span] | None:
        """Return where the pixels of each cutout lie in ``data``, or None if no chain is found.

        Parameters
        ----------
        data : bytes
            One encoded record.
        start : int
            Where the search begins.
        ends_right : callable
            Told where a chain ends, says whether the record may continue like that.
        """
        for magic in self._magics:
            at = start - 1
            for _ in range(_MAX_STARTS):
                at = data.find(magic, at + 1)
                if at < 0:
                    break
                spans = self._chain_to(data, at, start)
                if spans and ends_right(spans[-1][1]) and all(data.startswith(magic, a) for a, _ in spans):
                    return spans
        return None

    def _chain_to(self, data: bytes, magic_at: int, floor: int) -> list[Span] | None:
        """Follow the chain whose first pixels begin at ``magic_at``."""
        for width in _LENGTH_WIDTHS:
            before = magic_at - width
            if data[magic_at - 1] < 0x80 and all(byte >= 0x80 for byte in data[before : magic_at - 1]):
                head = self._start_of_head(data, before, floor)
                if head is not None and (spans := self._follow(data, head)):
                    return spans
        return None

    def _start_of_head(self, data: bytes, end: int, floor: int) -> int | None:
        """Return where the first cutout begins, if the length of its pixels stands at ``end``."""
        end -= len(self._mark)
        if end < floor or not data.startswith(self._mark, end):
            return None
        if self._names is None:
            return end
        for length, name_start in enumerate(self._names):
            begin = end - length - len(name_start)
            if data.startswith(name_start, begin):
                return begin if begin >= floor else None
        return None

    def _follow(self, data: bytes, position: int) -> list[Span] | None:
        spans: list[Span] = []
        for step in self._steps:
            if not data.startswith(step.mark, position):
                return None
            try:
                size, begin = read_long(data, position + len(step.mark))
            except (IndexError, ValueError):
                return None
            position = begin + size
            if size < 0 or position > len(data):
                return None
            if step.pixels:
                spans.append((begin, position))
        return spans


def _steps_of(declared: Any, named: dict[str, Any], mark: bytes = b"") -> list[_Step] | None:
    """Compile a cutout: bytes, or a record of one name and bytes, either perhaps in a union with null."""
    if isinstance(declared, list):
        kinds = [index for index, branch in enumerate(declared) if branch != "null"]
        if len(kinds) != 1:
            return None
        return _steps_of(declared[kinds[0]], named, mark + encode_long(kinds[0]))
    if isinstance(declared, str):
        if declared in ("bytes", "string"):
            return [_Step(mark, pixels=declared == "bytes")]
        return _steps_of(named[declared], named, mark) if declared in named else None
    if declared.get("type") != "record":
        return (
            _steps_of(declared["type"], named, mark) if declared.get("type") in ("bytes", "string") else None
        )
    return _steps_of_record(declared["fields"], named, mark)


def _steps_of_record(fields: list[dict[str, Any]], named: dict[str, Any], mark: bytes) -> list[_Step] | None:
    steps: list[_Step] = []
    for field in fields:
        inner = _steps_of(field["type"], named, b"" if steps else mark)
        if inner is None or len(inner) != 1:
            return None
        steps += inner
    # The pixels come last, where the search can look back from their magic.
    return steps if [step.pixels for step in steps] in ([True], [False, True]) else None
