"""The wire contract, pure: requests, events and the two dialects. No clock, no socket, no await."""
