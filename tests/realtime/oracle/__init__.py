"""The oracle: whatever happens, snapshot + messages = a fresh read, of every channel, by every subscriber."""
