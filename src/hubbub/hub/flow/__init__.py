"""From a change to a socket: committed in batches, settled, fanned out."""
