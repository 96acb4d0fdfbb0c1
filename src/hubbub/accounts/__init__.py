"""Accounts: who belongs to the house, and how they prove it."""
