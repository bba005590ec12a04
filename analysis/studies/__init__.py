"""Floor 6: designs. Each study function takes tables and a plan and returns a frozen result."""
