"""What the examples of ``skysieve evaluate`` need in their folder, what they say, and what they leave."""

LABELLED = "--set labels.table=night/truth.csv --set labels.column=label"
JUDGED = r"roc_auc +[01]\.\d{4} \("

EXPECTED = {
    "skysieve evaluate braai-weak samples.parquet -o judged/": {
        "says": JUDGED,
        "needs": "samples.parquet",
        "leaves": "judged/report.html judged/evaluation.json",
    },
    f"skysieve evaluate braai-weak night/packets -o night-judged/ {LABELLED}": {
        "says": JUDGED,
        "needs": "night",
        "leaves": "night-judged/report.html",
    },
    "skysieve evaluate curve-model/ curves.parquet -o curves-judged/": {
        "says": r"balanced_accuracy +[01]\.\d{4} \(",
        "needs": "curve-model curves.parquet",
        "leaves": "curves-judged/report.html",
    },
    "skysieve evaluate streak-sieve/ streaks-set.parquet -o sieve-judged/": {
        "says": r"^plausible \(all labelled samples: 100 streaks",
        "needs": "streak-sieve streaks-set.parquet",
        "leaves": "sieve-judged/report.html sieve-judged/evaluation.json",
    },
}
