"""What the examples of ``skysieve train`` need in their folder, what they say, and what they leave."""

LABELLED = "--set labels.table=night/truth.csv --set labels.column=label"
TINY_SIEVE = (
    "--set members=1 --set model.network.name=streaknet --set model.training.epochs=1 "
    "--set model.splits.validation=0.3"
)
STATISTICS = "--set features.sets='[\"statistics\"]'"
JUDGED = r"roc_auc +[01]\.\d{4} \("

EXPECTED = {
    f"skysieve train deepstreaks streaks-set.parquet -o sieve-run/ {TINY_SIEVE}": {
        "says": r"(?s)^plausible \(test: \d+ streaks.*^labels: SIMULATED.*^sieve: sieve-run/sieve ",
        "needs": "streaks-set.parquet",
        "leaves": "sieve-run/sieve/sieve.json sieve-run/sieve/README.md sieve-run/report.html",
    },
    "skysieve train braai samples.parquet -o run/ --set training.epochs=2": {
        "says": JUDGED,
        "needs": "samples.parquet",
        "leaves": "run/model/model.json run/report.html run/splits.parquet",
    },
    f"skysieve train lightcurve-features curves.parquet -o features-run/ {STATISTICS}": {
        "says": r"(?s)balanced_accuracy +[01]\.\d{4} \(.*^labels: SIMULATED",
        "needs": "curves.parquet",
        "leaves": "features-run/model/model.onnx features-run/report.html",
    },
    "skysieve train dmdt curves.parquet -o dmdt-run/ --set training.epochs=3": {
        "says": r"(?s)balanced_accuracy +[01]\.\d{4} \(.*^model: dmdt-run/model ",
        "needs": "curves.parquet",
        "leaves": "dmdt-run/model/model.onnx dmdt-run/report.html",
    },
    f"skysieve train braai night/packets -o labelled/ {LABELLED} --set training.epochs=1": {
        "says": JUDGED,
        "needs": "night",
        "leaves": "labelled/model/model.json labelled/report.html",
    },
}
