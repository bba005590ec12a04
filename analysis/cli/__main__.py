"""`python -m analysis.cli`, for where the command itself is not on the path."""

from __future__ import annotations

from analysis.cli import main

if __name__ == "__main__":
    main()
