"""What the examples of ``skysieve sieve`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve sieve show streak-sieve/": {
        "says": r"(?s)rb-1 +rb +>= 0\.4 \(family\).*sl-1 +sl +>= 0\.5 \(default\).*"
        r"plausible +some rb member >= its threshold and .*recall +0\.9700 \(0\.9500 to 0\.9900\)",
        "needs": "streak-sieve",
    },
    "skysieve sieve decide streaks.parquet --threshold rb=0.7 -o strict.parquet": {
        "says": r"^of 11 streaks pass:\n  plausible +4\n",
        "needs": "streaks.parquet",
        "leaves": "strict.parquet",
    },
    "skysieve sieve decide streaks.parquet --sieve streak-sieve/ "
    """--rule 'mean={"mean": "rb", ">=": 0.4}' --rule plausible -o mean.parquet""": {
        "says": r"mean +7\n  plausible +4\n",
        "needs": "streaks.parquet streak-sieve",
        "leaves": "mean.parquet",
    },
}
