"""Deadlines of many, in steps of a tenth of a second."""

from __future__ import annotations

from realtime.wheel import TICK, Wheel


class Alarm:
    """Notes when it was woken."""

    def __init__(self) -> None:
        self.woken: list[float] = []

    def wake(self, now: float) -> None:
        """Note the time."""
        self.woken.append(now)


def test_an_item_is_woken_once_and_not_before_its_time() -> None:
    wheel, alarm = Wheel[Alarm](0.0), Alarm()
    wheel.schedule(alarm, 1.0)
    for tenth in range(30):
        wheel.turn(tenth * TICK)
    (woken,) = alarm.woken
    assert 1.0 <= woken <= 1.0 + 2 * TICK


def test_a_deadline_in_the_past_comes_with_the_next_turn() -> None:
    wheel, alarm = Wheel[Alarm](5.0), Alarm()
    wheel.schedule(alarm, 1.0)
    wheel.turn(5.2)
    assert alarm.woken == [5.2]


def test_a_long_pause_wakes_all_that_was_due_in_order() -> None:
    wheel, alarms = Wheel[Alarm](0.0), [Alarm() for _ in range(50)]
    for number, alarm in enumerate(alarms):
        wheel.schedule(alarm, number)
    wheel.turn(40.0)
    assert [len(alarm.woken) for alarm in alarms] == [1] * 40 + [0] * 10


def test_an_item_may_schedule_itself_while_it_is_woken() -> None:
    wheel = Wheel["Repeating"](0.0)

    class Repeating(Alarm):
        """Wants to be woken each second."""

        def wake(self, now: float) -> None:
            super().wake(now)
            wheel.schedule(self, now + 1)

    alarm = Repeating()
    wheel.schedule(alarm, 1)
    for tenth in range(45):
        wheel.turn(tenth * TICK)
    assert len(alarm.woken) == 3 or len(alarm.woken) == 4
