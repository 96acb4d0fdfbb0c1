"""Who somebody is: how they come in, prove it, and go."""
