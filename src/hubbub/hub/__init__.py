"""The chat itself: requests in, events out. It knows interfaces, no socket and no database."""
