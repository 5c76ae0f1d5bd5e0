"""What the examples of ``skysieve uncertainty`` need in their folder, what they say, and what they leave."""

TINY = "--set training.epochs=1 --set network.name=compact --set evaluation.replicates=20"

EXPECTED = {
    "skysieve uncertainty bootstrap trained/ -o sure/": {
        "says": r"(?s)^test, 95% intervals by group:\n  roc_auc +[01]\.\d{4} \[.*^report: sure/",
        "needs": "trained",
        "leaves": "sure/uncertainty-bootstrap.json sure/uncertainty-bootstrap.html",
    },
    "skysieve uncertainty bootstrap braai-weak samples.parquet -o sure/ --split '' --replicates 50": {
        "says": r"^all labelled samples, 95% intervals",
        "needs": "samples.parquet",
        "leaves": "sure/uncertainty-scores.parquet",
    },
    f"skysieve uncertainty bootstrap trained/model samples.parquet -o sure/ --refits 2 {TINY}": {
        "says": r"^with the spread of training:",
        "needs": "trained samples.parquet",
        "leaves": "sure/refit_1/model sure/refit_0/model",
    },
    "skysieve uncertainty conformal trained/ -o sets/ --coverage 0.8": {
        "says": r"(?s)^sets of 0\.8 on test:\n  groups covered .*calibration",
        "needs": "trained",
        "leaves": "sets/uncertainty-conformal.parquet",
    },
    "skysieve uncertainty conformal trained/model samples.parquet -o sets/ --coverage 0.6 "
    "--method aps --class-conditional": {
        "says": r"samples covered, real ",
        "needs": "trained samples.parquet",
        "leaves": "sets/uncertainty-conformal.json",
    },
    "skysieve uncertainty dropout trained/model samples.parquet -o opinions/ --passes 5": {
        "says": r"(?s)^the mean opinion on test:.*^opinions: opinions/uncertainty-dropout.parquet$",
        "needs": "trained samples.parquet",
        "leaves": "opinions/uncertainty-dropout.html",
    },
    "skysieve uncertainty label-noise braai samples.parquet -o biased/ --fraction 0.1 "
    f"--from bogus --to real {TINY}": {
        "says": r"^wrong labels \(bogus to real\), judged on clean ones:\n  0 \(0 labels\) ",
        "needs": "samples.parquet",
        "leaves": "biased/uncertainty-label-noise.svg biased/uncertainty-label-noise.json "
        "biased/noise_0.1/model",
    },
    "skysieve uncertainty members trained/model samples.parquet -o opinions/": {
        "says": r"^the mean opinion on test:",
        "needs": "trained samples.parquet",
        "leaves": "opinions/uncertainty-members.parquet",
    },
    "skysieve uncertainty ood trained/model samples.parquet --against strange.parquet -o strangers/": {
        "says": r"(?s)^AUROC, outside against test:.*nearest",
        "needs": "trained samples.parquet strange.parquet",
        "leaves": "strangers/uncertainty-ood-outside.parquet strangers/uncertainty-ood.json",
    },
    f"skysieve uncertainty splits braai samples.parquet -o spread/ --splits 2 --seeds 2 {TINY}": {
        "says": r"^means and standard deviations:\n(?:  .*\n)*?  roc_auc +[01]\.\d{4}  seeds 0\.",
        "needs": "samples.parquet",
        "leaves": "spread/split_1_seed_1/scores.parquet spread/uncertainty-splits.html",
    },
}
