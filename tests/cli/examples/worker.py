"""What the example of ``skysieve worker`` needs in its folder, and what it says."""

EXPECTED = {
    "skysieve worker --home vetting --until-quiet 2": {
        "says": r"^12 candidates scored$",
        "needs": "vetting",
        "leaves": "vetting/service.sqlite vetting/run",
    },
}
