"""Made-up experiments whose true effects are known by construction, in arrays and in files."""
