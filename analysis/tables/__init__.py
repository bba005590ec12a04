"""Floor 3: the contract's tables, how they are read and checked, and the engine that counts their rows."""
