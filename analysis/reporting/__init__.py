"""Floor 8: what people read. Results in; charts, tables, words and pages out."""
