"""One file a survey: how its packets are recognised, and what their fields mean."""
