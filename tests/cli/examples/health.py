"""What the examples of ``skysieve health`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve health --home service": {
        "says": r"(?s)^disk +\S+ .*^worker +degraded +none runs; start one with .*^degraded$",
        "needs": "service",
    },
    "skysieve health database --home service": {
        "says": r"^database  ok +SQLite answers, at revision \d+$",
        "needs": "service",
    },
}
