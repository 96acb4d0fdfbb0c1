"""What runs beside the requests: housekeeping, retention, changes made outside this server."""
