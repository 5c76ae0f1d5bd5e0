"""What the examples of ``skysieve users`` need in their folder, and what they say."""

MADE = r"^password: [a-z0-9]{5}(-[a-z0-9]{5}){3}$"

EXPECTED = {
    "skysieve users add ana --role admin --home observatory": {
        "says": rf"(?s)^ana is admin\n{MADE[1:]}",
        "leaves": "observatory/service.sqlite",
    },
    "skysieve users add pipeline --role curator --no-password --home observatory": {
        "says": r"\Apipeline is curator\n\Z",
        "leaves": "observatory/service.sqlite",
    },
    "skysieve users list --home observatory": {
        "says": r"^ana +admin +active +never signed in\nben +scanner +active +never signed in$",
        "needs": "observatory",
    },
    "skysieve users set-role ben --role curator --home observatory": {
        "says": r"^ben is curator$",
        "needs": "observatory",
    },
    "skysieve users disable ben --home observatory": {"says": r"^ben is disabled$", "needs": "observatory"},
    "skysieve users enable ben --home observatory": {"says": r"^ben is enabled$", "needs": "observatory"},
    "skysieve users password ben --home observatory": {
        "says": rf"(?s)^ben has a new password\n{MADE[1:]}",
        "needs": "observatory",
    },
    "skysieve users token ben --scope read --scope label --days 30 --home observatory": {
        "says": r"^sky_[\w-]{43}$",
        "needs": "observatory",
    },
}
