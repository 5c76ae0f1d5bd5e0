"""What the examples of ``skysieve detect`` need in their folder, what they say, and what they leave."""

FRAMES = "frame/science.fits frame/reference.fits frame/difference.fits"
LOOSE = "--cutouts cutouts.parquet --minimum-score 0.2"

EXPECTED = {
    f"skysieve detect streaks {FRAMES} -o streaks.parquet": {
        "says": r"^\d+ streaks on 320 x 300 pixels in ",
        "needs": "frame",
        "leaves": "streaks.parquet",
    },
    f"skysieve detect streaks {FRAMES} -o all.parquet {LOOSE}": {
        "says": r"^cutouts: cutouts.parquet$",
        "needs": "frame",
        "leaves": "all.parquet cutouts.parquet",
    },
}
