"""What the examples of ``skysieve finetune`` need in their folder, what they say, and what they leave."""

TINY = "--set training.epochs=1 --set evaluation.replicates=20"
LAST = "--strategy last-blocks:1@0.5"
JUDGED = r"roc_auc +[01]\.\d{4} \("

EXPECTED = {
    "skysieve finetune braai-weak": {
        "says": r"(?s)^blocks of braai-weak, from the input on:\n +conv1 .* fc_out +257 .*, the head$",
    },
    f"skysieve finetune braai-weak samples.parquet -o tuned/ --strategy head {TINY}": {
        "says": r"(?s)^ +fc_1 +frozen\n +fc_out +learns at 0\.0003$.*" + JUDGED,
        "needs": "samples.parquet",
        "leaves": "tuned/model/model.json tuned/report.html tuned/training/member_0/features",
    },
    f"skysieve finetune braai-weak samples.parquet -o tuned-blocks/ {LAST} {TINY}": {
        "says": r"(?s)^ +conv4 +frozen\n +fc_1 +learns at 1\.5e-05\n.*" + JUDGED,
        "needs": "samples.parquet",
        "leaves": "tuned-blocks/model/model.json tuned-blocks/report.html",
    },
}
