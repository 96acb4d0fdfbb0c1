"""The ways in, one file each; the only floor that knows the web library."""
