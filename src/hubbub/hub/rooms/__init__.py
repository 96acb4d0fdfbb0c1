"""Rooms as they are opened, entered, read on and changed."""
