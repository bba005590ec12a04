"""Floor 5: what was said. Closed months in an append-only, hash-chained record, and the scorecard that shows them."""
