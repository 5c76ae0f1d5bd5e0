"""What the examples of ``skysieve prune`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve prune --keep-days 90 --home service --dry-run": {
        "says": r"(?s)^would be removed:\n  nights +0\n  candidates +0\n.*^0.0 MB of files; 0 old candidates",
        "needs": "service",
    },
    "skysieve prune --keep-days 90 --home service": {
        "says": r"(?s)^removed:\n  nights +0\n.*  files +0\n",
        "needs": "service",
    },
}
