"""What the examples of ``skysieve recipes`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve recipes": {"says": r"^braai  .*Duev et al. 2019"},
    "skysieve recipes braai": {"says": r"training\.epochs +200\n"},
    "skysieve recipes deepstreaks": {"says": r"members +3\n(?s:.*)model\.training\.epochs +200\n"},
}
