"""What the example of ``skysieve restore`` needs in its folder, what it says, and what it leaves."""

EXPECTED = {
    "skysieve restore service.tar --home restored": {
        "says": r"(?s)^unpacking and checking the files\n.*^restored: .*restored\n  made at +20",
        "needs": "service.tar",
        "leaves": "restored/service.sqlite restored/files",
    },
}
