"""Dose and mix: what customers bought after few or many contacts, on one channel or several; association only."""
