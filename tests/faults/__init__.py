"""What happens to clients and data when a part of the whole fails."""
