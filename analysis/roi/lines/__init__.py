"""The lines of the case, one module each: what was stated and what was found goes in, a `Built` comes out."""
