"""What the examples of ``skysieve serve`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve serve --home service --first-admin ana --port 0 --detach": {
        "says": r"(?s)^the admin ana signs in with .*^skysieve answers at http://127\.0\.0\.1:\d+ ",
        "leaves": "service/service.sqlite service/run/serve.log",
    },
    "skysieve serve --home service --stop": {
        "says": r"^no service runs in \S+service$",
        "needs": "service",
    },
}
