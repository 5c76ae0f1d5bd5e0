"""Tests of `skysieve.sources.streaks.night` and ``night_files``: all is joined by id alone."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skysieve.errors import ConfigurationError, InputError
from skysieve.samples.findings import Finding
from skysieve.sources.streaks import night_files
from skysieve.sources.streaks.night import StreakCutout, list_streak_night, read_streak
from skysieve.sources.tar import iter_members


def _name(number: int) -> str:
    return f"strkid{number}0001_pid{number}"


def _picture(number: int) -> bytes:
    """Return a cutout whose upper left corner tells its number: grey level 10 times the number."""
    grey = np.random.default_rng(number).normal(204, 20, (157, 157)).clip(0, 255).astype(np.uint8)
    grey[:40, :40] = 10 * number
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "PNG")
    return stream.getvalue()


def _number(cutout: StreakCutout) -> int:
    return round(float(cutout.grey[10, 10]) / 10)


def _table(*numbers: int, prob: float = 0.5, footer: bool = True) -> str:
    rows = "".join(f"{number}0001|{number}|{prob}|{number / 10}\n" for number in numbers)
    return f"streakid|pid|prob|chi2\n{rows}" + (f"({len(numbers)} rows)\n" if footer else "")


def _report(number: int) -> str:
    optical = f"<obsTime>2019-02-15T07:00:00Z</obsTime><ra>{number}</ra><dec>{number}</dec>"
    return f"<ades><optical>{optical}</optical></ades>"


def _kinds(night_findings: tuple[Finding, ...]) -> dict[str, str]:
    return {f.kind: f.item for f in night_findings if f.kind != "missing-columns"}


@pytest.fixture
def depot(tmp_path: Path) -> Path:
    """Return a night of five streaks with metadata; the folder names hold underscores and digits."""
    root = tmp_path / "my_depot_1"
    stamps, meta = root / "stamps_20190214", root / "meta" / "20190214"
    stamps.mkdir(parents=True)
    meta.mkdir(parents=True)
    for number in range(1, 6):
        (stamps / f"{_name(number)}_scimref.jpg").write_bytes(_picture(number))
    (meta / "ztf_20190214_streaks.txt").write_text(_table(5, 3, 1, 2, 4))
    return root


def _stamp(depot: Path, number: int) -> Path:
    return depot / "stamps_20190214" / f"{_name(number)}_scimref.jpg"


def _read(inputs: list[Path]) -> dict[str, StreakCutout | Finding]:
    return {item.id: read_streak(item) for item in list_streak_night(inputs).items}


def test_pixels_row_and_id_belong_together(depot: Path) -> None:
    for number in range(1, 6):
        cutout = _read([depot])[_name(number)]
        assert isinstance(cutout, StreakCutout)
        assert (_number(cutout), cutout.row["chi2"], cutout.id) == (number, number / 10, _name(number))


@pytest.mark.parametrize("broken", [1, 3, 5])
def test_a_broken_picture_costs_itself_and_shifts_nothing(depot: Path, broken: int) -> None:
    path = _stamp(depot, broken)
    path.write_bytes(path.read_bytes()[:5000])
    outcomes = _read([depot])
    assert isinstance(outcomes.pop(_name(broken)), Finding)
    assert {
        name: _number(cutout) for name, cutout in outcomes.items() if isinstance(cutout, StreakCutout)
    } == {_name(number): number for number in range(1, 6) if number != broken}


def test_items_are_light_and_travel_to_other_processes(depot: Path) -> None:
    item = list_streak_night([depot]).items[0]
    data = pickle.dumps(item)
    assert len(data) < 2000
    assert pickle.loads(data) == item


def test_folder_with_pictures_alone_is_complete(depot: Path) -> None:
    night = list_streak_night(depot / "stamps_20190214")
    assert night.findings == ()
    assert night.items[0].row == {"_id": _name(1), "streakid": 10001, "pid": 1}


def test_single_files_and_globs(depot: Path) -> None:
    assert [item.id for item in list_streak_night([_stamp(depot, 2)]).items] == [_name(2)]
    assert len(list_streak_night([f"{depot}/**/*_scimref.jpg", f"{depot}/meta/*/*.txt"]).items) == 5


def test_what_is_missing_is_named_and_taken_up_when_it_comes(depot: Path) -> None:
    table = depot / "meta" / "20190214" / "ztf_20190214_streaks.txt"
    table.write_text(_table(1, 2, 3, 4, 7, footer=False))
    night = list_streak_night([depot])
    assert len(night.items) == 4
    kinds = _kinds(night.findings)
    assert kinds["image-without-metadata"].endswith(f"{_name(5)}_scimref.jpg")
    assert kinds["metadata-without-image"] == _name(7)
    assert kinds["unfinished-table"].endswith("streaks.txt")
    with table.open("a") as stream:
        stream.write("50001|5|0.5|0.5\n(6 rows)\n")
    _stamp(depot, 7).write_bytes(_picture(7))
    later = list_streak_night([depot])
    assert len(later.items) == 6
    before = {item.id: item.stamp for item in night.items}
    assert {item.id: item.stamp for item in later.items if item.id in before} == before


def test_stamp_follows_picture_row_and_report(depot: Path) -> None:
    def stamps() -> list[str]:
        return [item.stamp for item in list_streak_night([depot], expect=()).items]

    seen = [stamps()]
    os.utime(_stamp(depot, 1), ns=(1, 1))
    seen.append(stamps())
    table = depot / "meta" / "20190214" / "ztf_20190214_streaks.txt"
    table.write_text(_table(1, prob=0.9) + _table(2, 3, 4, 5))
    seen.append(stamps())
    (depot / "meta" / f"{_name(1)}_ades.xml").write_text(_report(1))
    seen.append(stamps())
    assert len({first for first, *_ in seen}) == 4
    assert all(others == seen[0][1:] for _, *others in seen)


def test_reports_are_expected_where_there_is_one(depot: Path) -> None:
    for number in (1, 2, 8):
        (depot / "meta" / f"{_name(number)}_ades.xml").write_text(_report(number))
    (depot / "meta" / f"{_name(3)}_ades.xml").write_text("<ades><optical></ades>")
    night = list_streak_night([depot])
    assert [(item.id, item.row["ades_ra"]) for item in night.items] == [(_name(1), 1.0), (_name(2), 2.0)]
    kinds = [finding.kind for finding in night.findings if finding.kind != "missing-columns"]
    assert sorted(kinds) == ["ades-missing"] * 3 + ["ades-without-image", "bad-ades"]
    assert len(list_streak_night([depot], expect=("metadata",)).items) == 5


def test_expected_parts_can_be_demanded(depot: Path) -> None:
    assert list_streak_night([depot], expect=("ades",)).items == ()
    with pytest.raises(ConfigurationError, match="'meta' is none of metadata, ades"):
        list_streak_night([depot], expect=("meta",))


def _archive(path: Path, *numbers: int) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for number in numbers:
            member = tarfile.TarInfo(f"deep/{_name(number)}_scimref.jpg")
            data = _picture(number)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_archives_are_read_in_place(depot: Path) -> None:
    archive = _archive(depot / "stamps_20190214" / "ztf_strkcutouts_1.tar.gz", 6, 7)
    night = list_streak_night([archive])
    assert [item.id for item in night.items] == [_name(6), _name(7)]
    for item in night.items:
        cutout = read_streak(pickle.loads(pickle.dumps(item)))
        assert isinstance(cutout, StreakCutout)
        assert _name(_number(cutout)) == cutout.id
        assert "::deep/" in cutout.source


def test_archive_that_breaks_off_gives_what_came_before(depot: Path) -> None:
    archive = _archive(depot / "strkcutouts.tar.gz", 6, 7)
    archive.write_bytes(archive.read_bytes()[:-6000])
    night = list_streak_night([archive])
    assert [item.id for item in night.items] == [_name(6)]
    assert isinstance(read_streak(night.items[0]), StreakCutout)
    assert [finding.kind for finding in night.findings] == ["truncated-archive"]


def test_member_that_went_away_is_a_finding(depot: Path) -> None:
    archive = _archive(depot / "strkcutouts.tar.gz", 6)
    item = list_streak_night([archive]).items[0]
    _archive(archive, 7)
    outcome = read_streak(item)
    assert isinstance(outcome, Finding)
    assert outcome.kind == "unreadable-file"
    archive.unlink()
    assert isinstance(read_streak(item), Finding)


def test_same_picture_twice_is_a_note_and_another_is_kept_aside(depot: Path) -> None:
    archive = _archive(depot / "strkcutouts.tar.gz", 1)
    night = list_streak_night([depot])
    assert len(night.items) == 5
    assert [f.severity for f in night.findings if f.kind == "duplicate"] == ["note"]
    _stamp(depot, 1).write_bytes(_picture(9))
    night = list_streak_night([depot])
    assert _name(1) not in {item.id for item in night.items}
    assert "conflicting-images" in _kinds(night.findings)
    assert archive.exists()


def test_row_that_comes_twice(depot: Path) -> None:
    second = depot / "meta" / "20190214" / "ztf_20190214_zz_streaks.txt"
    second.write_text(_table(1))
    assert _kinds(list_streak_night([depot]).findings)["duplicate"].endswith(_name(1))
    second.write_text(_table(1, prob=0.9))
    night = list_streak_night([depot])
    assert _kinds(night.findings)["conflicting-metadata"].endswith(_name(1))
    assert {item.id: item.row["prob"] for item in night.items}[_name(1)] == 0.9


def test_files_of_other_names_are_foreign(depot: Path) -> None:
    stamps = depot / "stamps_20190214"
    for name in ("mosaic.jpg", "strkid12_scimref.jpg", "notes.txt", "x.xml", "image.fits"):
        (stamps / name).write_bytes(b"x")
    night = list_streak_night([depot])
    foreign = [Path(f.item).name for f in night.findings if f.kind == "foreign-file"]
    assert sorted(foreign) == ["image.fits", "mosaic.jpg", "notes.txt", "strkid12_scimref.jpg", "x.xml"]


def test_archives_of_the_same_members_are_unpacked_once_each(
    depot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives = [_archive(depot / f"strkcutouts_{number}.tar.gz", 6, 7, 8) for number in (1, 2)]
    opened: list[Path] = []

    def counting(path: Path, name: str) -> Iterator[tuple[str, bytes | InputError]]:
        opened.append(path)
        return iter_members(path, name)

    monkeypatch.setattr(night_files, "iter_members", counting)
    night = list_streak_night(archives)
    assert [finding.kind for finding in night.findings] == ["duplicate"] * 3
    assert opened == archives


def test_streaks_that_wait_are_listed_with_what_they_lack(depot: Path) -> None:
    (depot / "meta" / f"{_name(1)}_ades.xml").write_text(_report(1))
    _stamp(depot, 6).write_bytes(_picture(6))
    night = list_streak_night([depot])
    assert [item.id for item in night.items] == [_name(1)]
    lacking = {item.id: item.lacks for item in night.waiting}
    assert lacking == {_name(number): "ades" for number in range(2, 6)} | {_name(6): "metadata"}
