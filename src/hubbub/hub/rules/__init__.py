"""What holds for everybody: limits, rates, durations, addresses, passwords. Knows nobody."""
