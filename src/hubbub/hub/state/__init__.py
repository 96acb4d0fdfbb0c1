"""What is in memory: rooms and who is in them, who may what, which sanctions hold."""
