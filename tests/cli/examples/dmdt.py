"""What the examples of ``skysieve dmdt`` need in their folder, what they say, and what they leave."""

MEANS = "--picture means.png --set normalisation=dt --set smear=true"
EQUALISED = "--set bins=equalised --set 'equalised_shape=[20, 20]'"

EXPECTED = {
    "skysieve dmdt curves.parquet -o dmdt.parquet": {
        "says": r"^60 images of 22 x 24 pixels \(dm x dt\)",
        "needs": "curves.parquet",
        "leaves": "dmdt.parquet",
    },
    f"skysieve dmdt curves.parquet -o dmdt.parquet {MEANS}": {
        "says": r"^normalisation +dt$",
        "needs": "curves.parquet",
        "leaves": "dmdt.parquet means.png",
    },
    f"skysieve dmdt split-curves.parquet -o dmdt.parquet {EQUALISED}": {
        "says": r"^60 images of 20 x 20 pixels \(dm x dt\)",
        "needs": "split-curves.parquet",
        "leaves": "dmdt.parquet",
    },
}
