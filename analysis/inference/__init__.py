"""Floor 2: numbers, not customers. Moments in, estimates out; nothing here knows a table or a study."""
