"""What the examples of ``skysieve ingest`` need in their folder, what they say, and what they leave."""

NEW = "observatory/service.sqlite observatory/files"

EXPECTED = {
    "skysieve ingest night/packets --home observatory": {
        "says": r"(?s)^62 candidates are new or have changed\n71 files\n  stored +62\n  ignored +1\n"
        r"  quarantined +8\nin quarantine\n.*  truncated-gzip +1\nno worker runs: ",
        "needs": "night",
        "leaves": NEW,
    },
    "skysieve ingest night.tar.gz --home observatory --feed archive": {
        "says": r"(?s)^62 candidates are new or have changed\n1 file\n  partly  1\n"
        r"in quarantine\n.*not-avro +1\n",
        "needs": "night.tar.gz",
        "leaves": NEW,
    },
    "skysieve ingest streak-night/night --home observatory": {
        "says": r"(?s)^\d+ candidates are new or have changed\n.*  waiting +\d.*"
        r"in quarantine\n.*all-masked +1\n",
        "needs": "streak-night",
        "leaves": NEW,
    },
}
