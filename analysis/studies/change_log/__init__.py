"""The change-log study: what figures did after the entries of the change log."""
