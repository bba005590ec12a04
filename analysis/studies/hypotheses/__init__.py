"""What becomes of the hypotheses that were written down? Tests as one family, and specification curves."""
