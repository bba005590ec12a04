"""Users against non-users where nobody was assigned at random: a target trial, doubly robust, with its open ends."""
