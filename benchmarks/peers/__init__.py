"""The servers that hubbub is measured beside; each gives every message to all of a room."""
