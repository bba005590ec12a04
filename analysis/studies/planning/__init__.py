"""How large must a test be, how long must it run, and what was decided before it began? Beginning at `sheet`."""
