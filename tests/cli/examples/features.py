"""What the examples of ``skysieve features`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve features curves.parquet -o features.parquet": {
        "says": r"^\d+ features of 60 light curves in ",
        "needs": "curves.parquet",
        "leaves": "features.parquet",
    },
    "skysieve features curves.parquet -o statistics.parquet --features statistics --workers 2": {
        "says": r"^features: statistics.parquet$",
        "needs": "curves.parquet",
        "leaves": "statistics.parquet",
    },
    "skysieve features curves.parquet -o p.parquet --features periods --set periods.peaks=2": {
        "says": r"^features: p.parquet$",
        "needs": "curves.parquet",
        "leaves": "p.parquet",
    },
}
