"""What the examples of ``skysieve transfer`` need in their folder, what they say, and what they leave."""

CURVE = "--n 20 --draws 1 --strategy whole@0.7 --source samples.parquet"

EXPECTED = {
    f"skysieve transfer braai-weak samples.parquet -o transferred/ {CURVE} --set training.epochs=1 "
    "--replicates 20": {
        "says": r"(?s)^ +as it is, 0 +[01]\.\d{4} \[.*^ +scratch, 20 +[01]\..*source against target, before:",
        "needs": "samples.parquet",
        "leaves": "transferred/transfer.json transferred/transfer.html transferred/transfer-roc-auc.svg",
    },
    "skysieve transfer braai-weak samples.parquet -o shifted/ --n 0 --source samples.parquet": {
        "says": r"(?s)^source against target, before:\n +ks +0\.\d{4} +chance 0\.\d{4} +p ",
        "needs": "samples.parquet",
        "leaves": "shifted/transfer.json shifted/transfer.html",
    },
}
