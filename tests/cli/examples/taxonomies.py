"""What the examples of ``skysieve taxonomies`` need in their folder, and what they say."""

EXPECTED = {
    "skysieve taxonomies list --home labelled-service": {
        "says": r"^real-bogus +1  alert +real, bogus, unsure$",
        "needs": "labelled-service",
    },
    "skysieve taxonomies show real-bogus -o words.json --home labelled-service": {
        "says": r"^real-bogus, version 1: words.json$",
        "needs": "labelled-service",
        "leaves": "words.json",
    },
    "skysieve taxonomies change real-bogus words.json --home labelled-service": {
        "says": r"^real-bogus is at version 2$",
        "needs": "labelled-service words.json",
    },
}
