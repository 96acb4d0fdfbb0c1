"""A cluster simulated with measured costs: `python -m benchmarks.simulation`.

The costs and the points that they were measured at are in benchmarks/costs.json, which
`make bench-cluster` writes.
"""
