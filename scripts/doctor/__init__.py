"""Looks at everything that a server needs and says what is wrong, each with the command that mends it."""
