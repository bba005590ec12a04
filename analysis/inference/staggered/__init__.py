"""Staggered treatment: units that begin at different times, compared with those that have not begun."""
