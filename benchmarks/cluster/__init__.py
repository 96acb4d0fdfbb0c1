"""Several servers on one PostgreSQL and one NATS, measured: `python -m benchmarks.cluster`."""
