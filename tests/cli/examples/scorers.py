"""What the examples of ``skysieve scorers`` need in their folder, and what they say."""

EXPECTED = {
    "skysieve scorers list --home vetting": {
        "says": r"^2  alert   on-duty  [0-9a-f]{12}  braai  since .*  12 to score\n"
        r"1  alert   beside   [0-9a-f]{12}  braai-weak$",
        "needs": "vetting",
    },
    "skysieve scorers add streaks --kind streak --on-duty --home vetting": {
        "says": r"^3 \(streaks\) is on duty for the kind streak$",
        "needs": "vetting",
    },
    "skysieve scorers add imported/ --kind alert --home vetting": {
        "says": r"^2 \(\S+\) is on duty for the kind alert$",
        "needs": "vetting imported",
    },
    "skysieve scorers promote 1 --home vetting": {
        "says": r"^1 \(braai-weak\) is on duty for the kind alert$",
        "needs": "vetting",
    },
    "skysieve scorers roll-back alert --home vetting": {
        "says": r"^1 \(braai-weak\) is on duty for the kind alert$",
        "needs": "vetting",
    },
    "skysieve scorers retire 1 --home vetting": {
        "says": r"^1 \(braai-weak\) is retired for the kind alert$",
        "needs": "vetting",
    },
    "skysieve scorers rescore 2 --night 20240213 --home vetting": {
        "says": r"^\d+ candidates are to be scored$",
        "needs": "vetting",
    },
}
