"""Are the numbers right? Thousands of made-up companies with a known truth, and how often the studies found it.

`hazards` says in which companies, `worlds` what happens in one, `running` how thousands are got through, `tallies` and
`proof` what they come to, `page` and `picture` how it is told. `own` does the same for an estimator of one's own.
"""
