"""A community to look at: who is in it, how it is founded, how it goes on living."""
