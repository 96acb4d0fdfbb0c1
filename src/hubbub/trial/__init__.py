"""A cluster on one machine to try things on: `hubbub cluster up`."""
