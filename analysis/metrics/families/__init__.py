"""How is each metric of the catalogue counted in the tables? One module a family, each with its `COUNTS`."""
