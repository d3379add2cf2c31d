"""A moment after which waiting ends."""

import time
from collections.abc import Callable


class Deadline:
    """A span of seconds that runs out."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    @property
    def over(self) -> bool:
        """Tell whether the span has run out."""
        return self._clock() >= self._end

    def pause(self, seconds: float = 0.01) -> bool:
        """Sleep a little and tell whether there is time for another try."""
        if self.over:
            return False
        time.sleep(seconds)
        return True
