"""What the examples of ``skysieve database`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve database upgrade --home service": {
        "says": r"^the database is at revision \d+ already$",
        "needs": "service",
    },
    "skysieve database revision --home service": {
        "says": r"^the database is at revision \d+\nthis skysieve works with it$",
        "needs": "service",
    },
    "skysieve database index rb --home service": {
        "says": r"^searches for meta\.rb now have an index$",
        "needs": "service",
    },
}
