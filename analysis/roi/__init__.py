"""Floor 7: from measured effects to money, with their uncertainty and their grade."""
