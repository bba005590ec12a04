"""A made-up company as the exports of its systems write it. What is true of it is known, row for row."""
