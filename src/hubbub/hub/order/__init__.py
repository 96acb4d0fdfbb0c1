"""What moderators do, and what is kept of it."""
