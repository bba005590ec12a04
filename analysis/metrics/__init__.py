"""Floor 4: what is counted. One catalogue, and the functions that count by it."""
