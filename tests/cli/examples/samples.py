"""What the examples of ``skysieve samples`` need in their folder, what they say, and what they leave."""

IMAGES = "--id name --path file --label kind"
OWN_SPLIT = "--classes galaxy,star --label-origin 'two observers, 2026' --split part"
PROPOSED = "-o proposed.parquet"
FOR_PEOPLE = "--relabel --strategy uncertainty=10,random=10 --csv labels.csv --images pictures/"
BY_SIEVE = "--per-bin 2 --strategy random=3,bins,disagreement=2"
OWN_BINS = """--per-bin 2 --bin 'streaks={"any": "rb"}' --bin 'rest={"not": {"any": "rb"}}' --per-group 1"""
QUICKLY = "--set epochs=2 --set learning_rate=1e-3"
ORIGIN = "--origin 'two observers, 2026'"
STAR_LABELS = "--set labels.table=stars.csv --set labels.label=kind"
STAR_NAMES = "--set columns.time=hjd --set columns.value=V --set columns.error=eV"
LABELLED_SERVICE = "--home labelled-service"
LABELLED = "--set labels.table=night/truth.csv --set labels.column=label"

EXPECTED = {
    f"skysieve samples alerts night/packets -o samples.parquet {LABELLED}": {
        "says": r"(?s)truncated-gzip.*^61 samples in \d+ groups: bogus \d+, real \d+$",
        "needs": "night",
        "leaves": "samples.parquet",
    },
    f"skysieve samples images table.csv cutouts/ -o images.parquet {IMAGES}": {
        "says": r"^4 samples in 4 groups: galaxy 2, star 2$",
        "needs": "table.csv cutouts",
        "leaves": "images.parquet",
    },
    f"skysieve samples images table.csv cutouts/ -o images.parquet {IMAGES} {OWN_SPLIT}": {
        "says": r"^4 samples in 4 groups: galaxy 2, star 2$",
        "needs": "table.csv cutouts",
        "leaves": "images.parquet",
    },
    f"skysieve samples curves points.csv -o curves.parquet {STAR_LABELS}": {
        "says": r"(?s)bad-number.*duplicate-point.*^2 light curves with 3 points: curves.parquet$",
        "needs": "points.csv stars.csv",
        "leaves": "curves.parquet",
    },
    f"skysieve samples curves stars/ -o curves.parquet {STAR_NAMES} --set cleaning.min_points=5": {
        "says": r"(?s)too-few-points.*short.*julian-date.*^1 light curves with 6 points: curves.parquet$",
        "needs": "stars",
        "leaves": "curves.parquet",
    },
    "skysieve samples curves catalogue/ -o curves.parquet --set columns.label=kind": {
        "says": r"(?s)id is 'objectId'; time is 'lc.mjd'.*^2 light curves with 8 points: curves.parquet$",
        "needs": "catalogue",
        "leaves": "curves.parquet",
    },
    "skysieve samples embed frames.parquet -o embeddings.parquet --encoder encoder.zip": {
        "says": r"^encoder: [0-9a-f]{64}\n4 sequences of \d+ frames: embeddings.parquet$",
        "needs": "frames.parquet encoder.zip",
        "leaves": "embeddings.parquet",
    },
    "skysieve samples embed frames.parquet -o embeddings.parquet --encoder vae.safetensors": {
        "says": r"^encoder: [0-9a-f]{64}\n4 sequences of \d+ frames: embeddings.parquet$",
        "needs": "frames.parquet vae.safetensors",
        "leaves": "embeddings.parquet",
    },
    f"skysieve samples frame-encoder frames.parquet -o encoder/ {QUICKLY}": {
        "says": r"best epoch  [12] of 2\n.*\n.*\nencoder: encoder/vae.safetensors$",
        "needs": "frames.parquet",
        "leaves": "encoder/vae.safetensors encoder/history.json",
    },
    "skysieve samples dataset braai braai-data/ -o braai.parquet": {
        "says": r"(?s)labels: Human labels.*already L2-normalised.*^2 samples in 2 groups: bogus 1, real 1$",
        "needs": "braai-data",
        "leaves": "braai.parquet",
    },
    "skysieve samples show samples.parquet": {
        "says": r"cutouts  \(3, 63, 63\) float32 detector counts",
        "needs": "samples.parquet",
    },
    "skysieve samples validate samples.parquet": {
        "says": r"nothing found that spoils training",
        "needs": "samples.parquet",
    },
    "skysieve samples split samples.parquet -o split.parquet --seed 7": {
        "says": r"train +\d+ +\d+ +0\nvalidation +\d+ +\d+ +0\ntest ",
        "needs": "samples.parquet",
        "leaves": "split.parquet",
    },
    "skysieve samples streaks streaks/ -o night.parquet --labels classes.json": {
        "says": r"(?s)bad-image.*^11 samples in \d+ groups: other 1, unlabelled 10$",
        "needs": "streaks classes.json",
        "leaves": "night.parquet",
    },
    f"skysieve samples propose braai-weak samples.parquet {PROPOSED} {FOR_PEOPLE}": {
        "says": r"(?s)^20 of 100 samples are proposed, by:.*random +10\n.*^20 pictures: pictures$",
        "needs": "samples.parquet",
        "leaves": "proposed.parquet labels.csv pictures",
    },
    f"skysieve samples propose streak-sieve/ streaks/ {PROPOSED} {BY_SIEVE}": {
        "says": r"^11 of 11 samples are proposed, by:\n  random +3\n  bin:rb-high +2\n  bin:rb-low +2\n"
        r"  bin:sl-high +2\n  bin:sl-low +1\n  disagreement +1\n",
        "needs": "streak-sieve streaks",
        "leaves": "proposed.parquet",
    },
    f"skysieve samples propose streak-sieve/ streaks/ {PROPOSED} {OWN_BINS}": {
        "says": r"^1 of 11 samples are proposed, by:\n  random +1\n  bin:streaks +0\n  bin:rest +0\n",
        "needs": "streak-sieve streaks",
        "leaves": "proposed.parquet",
    },
    f"skysieve samples label proposed.parquet labels.csv -o labelled.parquet {ORIGIN}": {
        "says": r"(?s)unknown-id +99: .*^rb: bogus 1, streak 1, unlabelled 2\n"
        r"sl: bogus 0, streak 0, unlabelled 4",
        "needs": "proposed.parquet labels.csv",
        "leaves": "labelled.parquet",
    },
    f"skysieve samples from-labels {LABELLED_SERVICE} --consensus dawid-skene -o set.parquet": {
        "says": r"samples: set\.parquet$",
        "needs": "labelled-service",
        "leaves": "set.parquet",
    },
    f"skysieve samples from-labels {LABELLED_SERVICE} --min-labels 2 --min-probability 0.8 "
    "--class unsure=bogus -o sure.parquet": {
        "says": r"samples: sure\.parquet$",
        "needs": "labelled-service",
        "leaves": "sure.parquet",
    },
}
