"""What the examples of ``skysieve campaigns`` need in their folder, and what they say."""

EXPECTED = {
    "skysieve campaigns create second --home labelled-service --strategy random=10 --labels 2 "
    "--relabel --open": {
        "says": r"(?s)^10 of 90 candidates, by:\n +random +10\ncampaign second is open; .*/scan\?campaign=2$",
        "needs": "labelled-service",
    },
    "skysieve campaigns list --home labelled-service": {
        "says": r"^first +alert +open +90 of 90 +100%$",
        "needs": "labelled-service",
    },
    "skysieve campaigns show first --home labelled-service": {
        "says": r"(?s)Krippendorff's alpha +0\.\d{4} \[.*\] on 90 candidates.*^ana +90 .*^ben +90 ",
        "needs": "labelled-service",
    },
    "skysieve campaigns open first --home labelled-service": {
        "says": r"^campaign first is open$",
        "needs": "labelled-service",
    },
    "skysieve campaigns close first --home labelled-service": {
        "says": r"^campaign first is closed$",
        "needs": "labelled-service",
    },
}
