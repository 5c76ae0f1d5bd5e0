"""What the examples of ``skysieve explain`` need in their folder, what they say, and what they leave."""

RANDOMISED = "--layer conv3 --sanity --set limit=32"
INTEGRATED = "--method integrated-gradients --set method.steps=8 --set limit=16"
SALIENCY = "--method saliency --set method.smooth=4 --set label=rb --set target=streak"

POINTS = "--sanity --set limit=12 --set method.steps=8"

EXPECTED = {
    f"skysieve explain sequence-model/ curves.parquet -o explained/ {POINTS}": {
        "says": r"(?s)^12 samples explained by integrated-gradients\n.*rank_correlation",
        "needs": "sequence-model curves.parquet",
        "leaves": "explained/maps.parquet explained/gallery.html explained/explanation.json",
    },
    "skysieve explain features-model/ curves.parquet -o explained/ --set high=0.5": {
        "says": r"^60 samples explained by occlusion$",
        "needs": "features-model curves.parquet",
        "leaves": "explained/maps.parquet explained/gallery.html explained/explanation.json",
    },
    "skysieve explain curve-model/ curves.parquet -o explained/ --set limit=16": {
        "says": r"^16 samples explained by grad-cam$",
        "needs": "curve-model curves.parquet",
        "leaves": "explained/gallery.html",
    },
    "skysieve explain braai-weak samples.parquet -o explained/": {
        "says": r"^100 samples explained by grad-cam$",
        "needs": "samples.parquet",
        "leaves": "explained/maps.parquet explained/gallery.html explained/explanation.json",
    },
    f"skysieve explain braai-weak samples.parquet -o explained/ {RANDOMISED}": {
        "says": r"(?s)^32 samples explained by grad-cam\n.*rank_correlation +-?0\.\d{4} \[",
        "needs": "samples.parquet",
        "leaves": "explained/gallery.html",
    },
    f"skysieve explain streaks/rb-1 streaks-set.parquet -o explained/ {INTEGRATED}": {
        "says": r"^16 samples explained by integrated-gradients$",
        "needs": "streaks-set.parquet",
        "leaves": "explained/gallery.html",
    },
    f"skysieve explain models/rb-1 streaks-set.parquet -o explained/ {SALIENCY}": {
        "says": r"^100 samples explained by saliency$",
        "needs": "models streaks-set.parquet",
        "leaves": "explained/gallery.html",
    },
}
