"""What the examples of ``skysieve transfer`` need in their folder, what they say, and what they leave."""

CURVE = "--n 0 --n 20 --draws 2 --strategy head --strategy whole@0.7 --source samples.parquet"
TINY = "--set training.epochs=1 --set-scratch training.epochs=1 --replicates 20 --permutations 5"

EXPECTED = {
    f"skysieve transfer braai-weak samples.parquet -o transferred/ {CURVE} {TINY}": {
        "says": r"(?s)^ +as it is, 0 +[01]\.\d{4} \[.*^ +scratch, 20 +[01]\..*source against target, before:",
        "needs": "samples.parquet",
        "leaves": "transferred/transfer.json transferred/transfer.html transferred/transfer-roc-auc.svg",
    },
}
