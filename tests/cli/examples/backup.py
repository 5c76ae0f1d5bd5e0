"""What the examples of ``skysieve backup`` need in their folder, what they say, and what they leave."""

SAYS = r"(?s)^copying the database\n.*^backup: service\.tar\S* \(checked\)\n  candidates +0\n"

EXPECTED = {
    "skysieve backup service.tar --home service": {
        "says": SAYS,
        "needs": "service",
        "leaves": "service.tar",
    },
    "skysieve backup service.tar.gz --home service": {
        "says": SAYS,
        "needs": "service",
        "leaves": "service.tar.gz",
    },
}
