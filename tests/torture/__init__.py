"""Attacks on a running server: the proof of docs/reliability.md.

Each module is one attack with a short form, which `make test` runs, and a long one for
`make torture`, which prints its figures.
"""
