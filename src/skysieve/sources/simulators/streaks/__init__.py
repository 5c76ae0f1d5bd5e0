"""Cutouts of streaks in difference images, as a streak-finding pipeline hands them over, with their truth."""
