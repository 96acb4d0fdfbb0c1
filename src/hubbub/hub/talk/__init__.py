"""What people say, and what they look up of it."""
