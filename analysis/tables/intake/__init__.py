"""Exports in, tables out, from quarter to quarter: what is new, what has changed, what is gone, and since when."""
