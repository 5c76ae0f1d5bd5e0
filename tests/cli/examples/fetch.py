"""What the examples of ``skysieve fetch`` need in their folder, what they say, and what they leave."""

from skysieve.sources.archives.braai import BRAAI_FILES

VIEWER = "--service legacy-survey --layer ls-dr10 --size 64 --pixel-scale 0.262"
SKYSERVER = "--service sdss --size 120 --pixel-scale 0.4 --label kind -o sdss.parquet --set release=dr17"
RED = "--bands zr --since 58194 --until 58500 --label kind --cache ztf-answers"

EXPECTED = {
    f"skysieve fetch cutouts positions.csv {VIEWER} -o set.parquet": {
        "says": r"^4 answers fetched.*\n4 cutouts in 3 groups, the largest of 2: set.parquet$",
        "needs": "positions.csv",
        "leaves": "set.parquet set.parquet.cache",
    },
    f"skysieve fetch cutouts positions.csv {SKYSERVER}": {
        "says": r"^4 cutouts in 3 groups, the largest of 2: sdss.parquet$",
        "needs": "positions.csv",
        "leaves": "sdss.parquet",
    },
    "skysieve fetch dataset": {"says": r"^braai  .*labelled ZTF alerts"},
    "skysieve fetch dataset braai -o braai-data/": {
        "says": r"^braai: braai-data\n.*Duev",
        "leaves": " ".join(f"braai-data/{each.name}" for each in BRAAI_FILES),
    },
    "skysieve fetch frames objects.csv -o frames.parquet": {
        "says": r"^\d answers fetched.*\n3 sequences of 3 frames: frames.parquet$",
        "needs": "objects.csv",
        "leaves": "frames.parquet frames.parquet.cache",
    },
    f"skysieve fetch frames objects.csv -o red.parquet {RED}": {
        "says": r"(?s)other-filter +257101400000003: .*^2 sequences of 2 frames: red.parquet$",
        "needs": "objects.csv",
        "leaves": "red.parquet ztf-answers",
    },
    "skysieve fetch sql 'SELECT TOP 9 ra, dec FROM Galaxy' -o nine.csv": {
        "says": r"^2 rows: nine.csv$",
        "leaves": "nine.csv",
    },
    "skysieve fetch votes zooNoSpec -o votes.csv --rows 1000": {
        "says": r"(?s)votes-do-not-sum +12: .*^2 rows: votes.csv\nLintott",
        "leaves": "votes.csv",
    },
}
