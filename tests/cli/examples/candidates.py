"""What the examples of ``skysieve candidates`` need, what they say, and what they leave."""

EXPECTED = {
    "skysieve candidates list 'passes = true and label is empty' --most 20": {
        "says": r"^number +night +name .*\n +\d+ +20240213 +26\d+ .* +yes$",
        "asks": True,
    },
    "skysieve candidates show 1": {"says": r'^ "name": "26\d+",$', "asks": True},
    "skysieve candidates count 'score >= 0.9'": {"says": r"^\d$", "asks": True},
    "skysieve candidates label 1 real": {"says": r"^candidate 1: real$", "asks": True},
    "skysieve candidates comment 1 'next to a bright star'": {"says": r"^candidate 1: noted$", "asks": True},
    "skysieve candidates export passing.csv 'passes = true'": {
        "says": r"^export: passing.csv$",
        "leaves": "passing.csv",
        "asks": True,
    },
    "skysieve candidates send packet.avro": {
        "says": r"^packet.avro: stored, [01] candidates$",
        "needs": "packet.avro",
        "asks": True,
    },
}
