"""What can go wrong with the embedded MongoDB."""


class EmbeddedError(Exception):
    """The embedded MongoDB isn't available; the message says why and what to do next."""


class WrongProgram(EmbeddedError):
    """The setting MONGOD names no program; the message begins with its name."""
