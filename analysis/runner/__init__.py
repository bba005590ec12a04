"""Floor 9: parameters, notebooks, publishing: everything around a study."""
