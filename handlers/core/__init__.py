"""What every dialect shares, and nothing that only one needs."""
