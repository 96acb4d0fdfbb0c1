"""The client side, as a stranger would write it: it knows the protocol and nothing of the hub."""
