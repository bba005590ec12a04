"""Floor 8: made-up companies whose truth is known. Nothing below may use it."""
