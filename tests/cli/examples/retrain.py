"""What the example of ``skysieve retrain`` needs in its folder, what it says, and what it leaves."""

EXPECTED = {
    "skysieve retrain --home labelled-service -o retrained/ --consensus dawid-skene "
    "--held-out 0.4 --validation 0.2 --set training.epochs=1 --set evaluation.replicates=20": {
        "says": r"(?s)^Labels by 2 people of the service .*^average precision +[01]\.\d+.*"
        r"scores beside the one on duty.*^comparison: retrained/comparison\.html$",
        "needs": "labelled-service",
        "leaves": "retrained/comparison.json retrained/comparison.html retrained/training/model/model.json",
    },
}
