"""Who is told by Web Push while no client of theirs is open."""
