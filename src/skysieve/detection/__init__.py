"""Finding streaks in whole frames."""
