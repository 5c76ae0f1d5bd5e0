"""``skysieve detect``: frames in, a table of streaks out."""

from __future__ import annotations

import math
import shlex
import time
from pathlib import Path
from typing import Annotated

import typer

from skysieve.cli.output import examples, say, say_table

__all__ = ["add_to"]

_FRAMES = "frame/science.fits frame/reference.fits frame/difference.fits"


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(help="Find streaks on whole frames.", no_args_is_help=True)
    verb.command(
        "streaks",
        epilog=examples(
            f"skysieve detect streaks {_FRAMES} -o streaks.parquet",
            f"skysieve detect streaks {_FRAMES} -o all.parquet --cutouts cutouts.parquet --minimum-score 0.2",
        ),
    )(streaks)
    application.add_typer(verb, name="detect")


def streaks(
    science: Annotated[Path, typer.Argument(help="FITS file of the science frame; its first image is read.")],
    reference: Annotated[Path, typer.Argument(help="The reference, on the same pixels.")],
    difference: Annotated[Path, typer.Argument(help="Science minus reference; NaN where there is no data.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The table of streaks (Parquet).")],
    cutouts: Annotated[
        Path | None, typer.Option(help="Write cutouts of the streaks, too: a sample set for the sieve.")
    ] = None,
    pixel_scale: Annotated[
        float | None, typer.Option(help="Arcsec a pixel; from the world coordinates if left out.")
    ] = None,
    psf_fwhm: Annotated[
        float | None, typer.Option(help="FWHM of the PSF in pixels; measured on stars if left out.")
    ] = None,
    minimum_score: Annotated[
        float | None,
        typer.Option(
            help="Score of the classifier from which a streak is reported, 0 to 1; 0.5 if left out.",
            min=0,
            max=1,
        ),
    ] = None,
    fixed_cuts: Annotated[
        bool, typer.Option("--fixed-cuts", help="Judge by fixed cuts instead of the classifier.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Threads of the search.")] = 1,
) -> None:
    """Find streaks and fit them: ends, length, angle, flux, S/N; on the sky, too, where headers allow."""
    from skysieve.detection.detect import detect_streaks
    from skysieve.detection.frames import read_frames
    from skysieve.detection.options import DetectionOptions
    from skysieve.detection.sky import sky_columns
    from skysieve.detection.streak_table import write_cutouts, write_streaks
    from skysieve.errors import ConfigurationError, InputError

    for option, value in {"--pixel-scale": pixel_scale, "--psf-fwhm": psf_fwhm}.items():
        if value is not None and not 0 < value < math.inf:
            raise ConfigurationError(f"{option} is a number above 0, found {value}")
    if fixed_cuts and minimum_score is not None:
        raise ConfigurationError(
            "--minimum-score is of the classifier, which --fixed-cuts leaves out; give one"
        )
    if cutouts is not None and cutouts.resolve() == output.resolve():
        raise ConfigurationError(f"--cutouts and --output are both {output}; give two files")
    least = DetectionOptions().minimum_score if minimum_score is None else minimum_score
    options = DetectionOptions(minimum_score=least, classifier=not fixed_cuts)
    frames = read_frames(science, reference, difference)
    scale = frames.pixel_scale if pixel_scale is None else pixel_scale
    if scale is None:
        reason = "has no world coordinates; give the size of its pixels by --pixel-scale"
        raise InputError(str(difference), "no-wcs", reason)
    start = time.perf_counter()
    found = detect_streaks(
        frames.science,
        frames.reference,
        frames.difference,
        pixel_scale=scale,
        psf_fwhm=psf_fwhm,
        options=options,
        workers=workers,
        progress=True,
    )
    seconds = time.perf_counter() - start
    names = {"science": science.name, "reference": reference.name, "difference": difference.name}
    origin = {"frames": names, "pixel_scale": scale, "minimum_score": least, "fixed_cuts": fixed_cuts}
    sky = None if frames.wcs is None else sky_columns(found, frames.wcs, frames.seconds)
    write_streaks(output, found, sky=sky, origin=origin)
    height, width = frames.difference.shape
    say(f"{len(found):,} streaks on {width:,} x {height:,} pixels in {seconds:.1f} s")
    flags = [flag for streak in found for flag in streak.flags]
    if flags:
        say_table({flag: flags.count(flag) for flag in dict.fromkeys(flags)}, title="of which are flagged")
    if sky is None:
        say("no world coordinates: the table holds pixels only")
    elif frames.seconds is None:
        say("the science frame has no EXPTIME: rates are empty")
    say(f"streaks: {output}")
    if cutouts is not None and found:
        write_cutouts(cutouts, frames.difference, found, pixel_scale=scale, origin=origin)
        say(f"cutouts: {cutouts}\nnext: skysieve score streaks {shlex.quote(str(cutouts))} -o scores.parquet")
    elif cutouts is not None:
        say("no cutouts were written: a sample set has at least one row")
