"""Comics, their releases and images, and who reads them."""

from storage.comics.errors import BadPattern, Slow

__all__ = ["BadPattern", "Slow"]
