"""Several servers on one log: what they tell each other, and how each keeps to the log."""
