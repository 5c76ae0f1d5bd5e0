"""What the examples of ``skysieve score`` need in their folder, what they say, and what they leave."""

SCORED = r"^61 alerts scored with "

EXPECTED = {
    "skysieve score braai-weak night/packets -o scores.parquet": {
        "says": SCORED,
        "needs": "night",
        "leaves": "scores.parquet scores.quarantine.jsonl",
    },
    "skysieve score braai-weak night.tar.gz -o night.parquet --report night.html": {
        "says": SCORED,
        "needs": "night.tar.gz",
        "leaves": "night.parquet night.html",
    },
    "skysieve score imported/ 'night/packets/*.avro' -o imported.parquet --workers 2": {
        "says": SCORED,
        "needs": "night imported",
        "leaves": "imported.parquet",
    },
    "skysieve score streak-sieve/ streaks/ -o streaks.parquet": {
        "says": r"(?s)^11 streaks scored with toy .*of 11 streaks pass:\n  plausible +4\n.*bad-image +1\n",
        "needs": "streak-sieve streaks",
        "leaves": "streaks.parquet streaks.quarantine.jsonl",
    },
    "skysieve score streak-sieve/ streaks-set.parquet -o set-scores.parquet": {
        "says": r"(?s)^100 streaks scored with toy .*^scores: set-scores.parquet$",
        "needs": "streak-sieve streaks-set.parquet",
        "leaves": "set-scores.parquet",
    },
    "skysieve score streak-sieve/ streak-night/night -o judged.parquet --report judged.html "
    "--truth streak-night/truth.csv --truth-origin simulated": {
        "says": r"(?s)^31 streaks scored with toy .*ades-missing +1\n.*^report: judged.html$",
        "needs": "streak-sieve streak-night",
        "leaves": "judged.parquet judged.html",
    },
    "skysieve score curve-model/ curves.parquet -o kinds.parquet --field period --field amplitude": {
        "says": r"(?s)^60 samples scored with dmdt .*^called:\n  EW +\d+\n.*^scores: kinds.parquet$",
        "needs": "curve-model curves.parquet",
        "leaves": "kinds.parquet",
    },
}
