"""Floor 1: errors, calendar, provenance. Knows nothing of customers, tables or studies."""
