"""The adoption study: staggered first use of social care, or a roll-out in waves."""
