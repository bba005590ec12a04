"""What did a randomised assignment change? From the arms of an experiment to its effects, beginning at `study`."""
