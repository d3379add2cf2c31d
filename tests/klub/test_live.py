"""What is pushed of events: counts for whoever sees them, changes for whoever manages them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from storage.klub.grants import ORGANIZER, STAFF
from tests.klub.callers import Callers, Someone
from tests.klub.scene import Scene
from tests.realtime.watching import Watcher, connecting, watch, watching
from tests.serving import Api, Served, ServerProcess

MY_EVENTS, ATTENDEES = "/api/frontend/my_events/", "/api/frontend/attendees/"
REGISTERED, ATTENDED = "event_registration", "event_attendance"
DENIED, INSUFFICIENT = 103, 2500


@pytest.fixture
def url(server: Served) -> str:
    return server.socket_url


@pytest.fixture
async def event(scene: Scene) -> int:
    return await scene.event(units=[await scene.unit()])


async def register(who: Someone, event: int, slug: str = REGISTERED) -> int:
    answer = await who.post(MY_EVENTS, {"event": event, "type__slug": slug})
    assert answer.status == 201, answer.text
    number: int = answer.json["id"]
    return number


def refused(watcher: Watcher) -> bool:
    """Tell whether a subscription was refused at once."""
    return not watcher.subscribed and watcher.codes[-1] == DENIED


async def ended(watcher: Watcher) -> bool:
    """Wait until a subscription is ended by the server, asked for again, and refused."""
    await watcher.until(lambda each: each.codes[-1] == DENIED)
    return watcher.codes[-2:] == [INSUFFICIENT, DENIED]


# Counts


async def test_everybody_hears_the_counts_of_a_public_event(
    url: str, callers: Callers, user: Someone, event: int
) -> None:
    async with watching(url, callers.anonymous.token, f"events:{event}") as watcher:
        assert await watcher.count(1) == [
            {"event": event, "registered": 0, "attended": 0, "cancelled": 0, "version": 1}
        ]
        number = await register(user, event)
        await watcher.until(lambda each: each.said[-1]["registered"] == 1)
        await register(user, event, ATTENDED)
        await watcher.until(lambda each: each.said[-1]["attended"] == 1)
        await user.delete(f"{MY_EVENTS}{number}/")
        await watcher.until(lambda each: each.said[-1]["cancelled"] == 1)
        last = watcher.said[-1]
        assert (last["registered"], last["attended"], last["cancelled"]) == (0, 1, 1)
        assert watcher.offsets == [said["version"] for said in watcher.said]
        assert watcher.offsets == sorted(set(watcher.offsets))


async def test_hidden_and_unknown_events_are_denied_alike(
    url: str, callers: Callers, user: Someone, scene: Scene
) -> None:
    hidden = await scene.event(public_on_web=False, team=[user.number])
    for who, open_ in (
        (callers.anonymous, False),
        (await callers.user(), False),
        (user, True),
        (await callers.staff_of(await scene.unit("Brno")), True),
        (await callers.superuser(), True),
    ):
        async with connecting(url, who.token) as client:
            watcher, _ = await watch(client, f"events:{hidden}")
            assert refused(watcher) is not open_
            for odd in ("999", "x", "01", "-1", "", f"{hidden} "):
                watcher, _ = await watch(client, f"events:{odd}")
                assert refused(watcher), odd


async def test_what_one_hears_can_be_listed(url: str, callers: Callers, user: Someone, scene: Scene) -> None:
    unit, brno = await scene.unit(), await scene.unit("Brno")
    shown = await scene.event(units=[unit])
    hidden = await scene.event("Hidden", public_on_web=False, team=[user.number])
    staff = await callers.staff_of(brno)
    both = {f"events:{shown}", f"events:{hidden}"}
    for who, expected in (
        (callers.anonymous, {f"events:{shown}"}),
        (user, {*both, f"attendance:{hidden}"}),
        (staff, both),
        (await callers.organizer_of(unit), {*both, f"attendance:{shown}"}),
        (await callers.staff_of(None), {*both, f"attendance:{shown}"}),
        (await callers.superuser(), {*both, f"attendance:{shown}", f"attendance:{hidden}"}),
    ):
        async with connecting(url, who.token) as client:
            listed = (await client.rpc("channels", {})).data["channels"]
        found = {name for name in listed if name.startswith(("events:", "attendance:"))}
        assert found == expected


# Changes


async def test_who_manages_an_event_hears_each_change(
    url: str, callers: Callers, user: Someone, event: int, scene: Scene
) -> None:
    await scene.stores.database["users"].update_one(
        {"_id": user.oid}, {"$set": {"klub.nickname": "annie", "addr_suburb": "Brno"}}
    )
    staff = await callers.staff_of(None)
    async with watching(url, staff.token, f"attendance:{event}") as watcher:
        number = await register(user, event)
        await user.patch(f"{MY_EVENTS}{number}/", {"type__slug": ATTENDED})
        await user.patch(f"{MY_EVENTS}{number}/", {"note": "x" * 3001})
        await user.post(MY_EVENTS, {"event": event, "type__slug": "dance"})
        await user.delete(f"{MY_EVENTS}{number}/")
        said = await watcher.count(3)
    person = {
        **{"id": user.number, "first_name": "Ann", "last_name": "Lee", "nickname": "annie", "city": "Brno"}
    }
    assert [each.pop("at")[-1] for each in said] == ["Z"] * 3
    assert said == [
        {"interaction": number, "event": event, "user": person, "type__slug": slug, "change": change}
        for slug, change in ((REGISTERED, "created"), (ATTENDED, "updated"), (ATTENDED, "deleted"))
    ]
    assert watcher.offsets == [1, 2, 3]


async def test_who_does_not_manage_it_hears_nothing(
    url: str, callers: Callers, user: Someone, event: int, scene: Scene
) -> None:
    for who in (callers.anonymous, user, await callers.staff_of(await scene.unit("Brno"))):
        async with connecting(url, who.token) as client:
            for channel in (f"attendance:{event}", "attendance:999", "attendance:x"):
                watcher, _ = await watch(client, channel)
                assert refused(watcher)


async def test_a_registration_that_moves_is_told_to_both(
    url: str, superuser: Someone, user: Someone, event: int, scene: Scene
) -> None:
    there = await scene.event("Elsewhere")
    number = await register(user, event)
    async with connecting(url, superuser.token) as client:
        here, _ = await watch(client, f"attendance:{event}")
        other, _ = await watch(client, f"attendance:{there}")
        await user.patch(f"{MY_EVENTS}{number}/", {"event": there})
        assert [(each["event"], each["change"]) for each in await here.count(1)] == [(event, "deleted")]
        assert [(each["event"], each["change"]) for each in await other.count(1)] == [(there, "created")]


async def test_a_deleted_account_is_taken_back(
    url: str, superuser: Someone, user: Someone, event: int, scene: Scene
) -> None:
    """The history says nothing of the person any more; what is new names nobody, and the counts follow."""
    number = await register(user, event)
    async with connecting(url, superuser.token) as client:
        counts, _ = await watch(client, f"events:{event}")
        changes, subscription = await watch(client, f"attendance:{event}")
        assert user.oid is not None
        await scene.stores.deletion.delete(user.oid)
        (told,) = await changes.count(1)
        await counts.until(lambda each: each.said[-1]["registered"] == 0)
        assert (told["interaction"], told["change"]) == (number, "deleted")
        assert told["user"] == {
            **{"id": user.number, "first_name": "", "last_name": "", "nickname": "", "city": ""}
        }
        history = await subscription.history(limit=10)
        assert [(each.offset, each.data.get("change")) for each in history.publications] == [
            (1, None),
            (2, "deleted"),
        ]
        assert history.publications[0].data == {"deleted": True}


# Permissions that end


async def leave_team(scene: Scene, event: int, who: Someone) -> None:
    (seat,) = await scene.stores.team.of_event(event).window(0, 10)
    await scene.stores.team.remove(event, seat.id)


async def lose_grant(scene: Scene, event: int, who: Someone) -> None:
    assert who.oid is not None
    await scene.stores.grants.take(STAFF, who.oid)


async def lose_unit(scene: Scene, event: int, who: Someone) -> None:
    await scene.stores.events.change(event, {"units": [await scene.unit("Brno")]})


async def step_down(scene: Scene, event: int, who: Someone) -> None:
    assert who.oid is not None
    await scene.stores.accounts.make_superuser(who.oid, False)


async def remove(scene: Scene, event: int, who: Someone) -> None:
    await scene.stores.events.remove(event)


Ending = Callable[[Scene, int, Someone], Awaitable[None]]


@pytest.mark.parametrize("ending", [leave_team, lose_grant, lose_unit, step_down, remove])
async def test_who_manages_an_event_no_more_hears_no_more(
    url: str, callers: Callers, event: int, scene: Scene, ending: Ending
) -> None:
    """Others go on, and so does what the same person hears of other events."""
    (unit,) = (await scene.stores.events.find(event)).units
    other = await scene.event("Other", units=[unit])
    if ending is leave_team:
        who = await callers.user()
        await scene.stores.team.add(event, await scene.member(who), await scene.position())
    elif ending is step_down:
        who = await callers.superuser()
    else:
        who = await callers.staff_of(unit)
    boss = await callers.superuser("boss@example.org")
    async with (
        connecting(url, who.token) as client,
        watching(url, boss.token, f"attendance:{event}") as staying,
    ):
        watcher, _ = await watch(client, f"attendance:{event}")
        elsewhere, _ = await watch(client, f"events:{other}")
        assert watcher.subscribed
        began = asyncio.get_running_loop().time()
        await ending(scene, event, who)
        assert await ended(watcher)
        assert asyncio.get_running_loop().time() - began < 1
        assert not elsewhere.codes[1:]
        if ending is not remove:
            assert not staying.codes[1:]
            await register(boss, event)
            assert len(await staying.count(1)) == 1
    assert watcher.heard == []


async def test_a_hidden_event_is_heard_by_those_who_still_see_it(
    url: str, callers: Callers, event: int, scene: Scene
) -> None:
    channel, staff = f"events:{event}", await callers.staff_of(None)
    async with (
        watching(url, callers.anonymous.token, channel) as nobody,
        watching(url, (await callers.user()).token, channel) as user,
        watching(url, staff.token, channel) as seeing,
    ):
        await scene.stores.events.change(event, {"public_on_web": False})
        assert await ended(nobody)
        assert await ended(user)
        await register(staff, event)
        await seeing.until(lambda each: each.said[-1]["registered"] == 1)
        assert not seeing.codes[1:]


async def test_of_two_grants_one_is_enough(url: str, callers: Callers, event: int, scene: Scene) -> None:
    staff = await callers.staff_of(None)
    assert staff.oid is not None
    await scene.stores.grants.give(ORGANIZER, staff.oid)
    async with watching(url, staff.token, f"attendance:{event}") as watcher:
        await scene.stores.grants.take(STAFF, staff.oid)
        await register(staff, event)
        await watcher.count(1)
        assert not watcher.codes[1:]
        await scene.stores.grants.take(ORGANIZER, staff.oid)
        assert await ended(watcher)


async def test_a_permission_ends_on_every_process(
    url: str, callers: Callers, event: int, scene: Scene, launch: Callable[..., ServerProcess]
) -> None:
    (unit,) = (await scene.stores.events.find(event)).units
    staff = await callers.staff_of(unit)
    async with (
        watching(launch().socket_url, staff.token, f"attendance:{event}") as there,
        watching(url, staff.token, f"attendance:{event}") as here,
    ):
        await register(staff, event)
        await asyncio.gather(here.count(1), there.count(1))
        await lose_grant(scene, event, staff)
        assert await ended(here)
        assert await ended(there)


async def test_counts_alone_ask_nobody_again(
    server: Served, callers: Callers, event: int, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first change of an event its channel knows by what to tell."""
    (space,) = [each for each in server.application.hub.namespaces if each.name == "events"]
    asked: list[Any] = []
    authorise = space.authorise

    async def count(who: Any, key: str) -> None:
        asked.append(key)
        await authorise(who, key)

    monkeypatch.setattr(space, "authorise", count)
    users = [await callers.user() for _ in range(5)]
    async with watching(server.socket_url, callers.anonymous.token, f"events:{event}") as watcher:
        for number, user in enumerate(users, 1):
            await register(user, event)
            await watcher.until(lambda each, now=number: each.said[-1]["registered"] == now)  # type: ignore[misc]
    assert len(asked) <= 2


# The whole


async def test_an_organizer_marks_two_hundred_while_five_watch(
    server: Served, callers: Callers, event: int, scene: Scene, launch: Callable[..., ServerProcess]
) -> None:
    """One of them, on another process, drops out and catches up; nobody misses anything or hears it twice."""
    organizer = await callers.organizer_of(None)
    guests = [await callers.user() for _ in range(200)]
    other = launch()
    apis = [Someone(Api(url), organizer.headers) for url in (server.url, other.url)]

    async def mark(number: int, guest: Someone) -> None:
        body = {"user": guest.number, "event": event, "type__slug": ATTENDED}
        answer = await apis[number % 2].post(ATTENDEES, body)
        assert answer.status == 201, answer.text

    async with AsyncExitStack() as stack:
        urls = [server.socket_url, other.socket_url] * 3
        opened = [await stack.enter_async_context(connecting(url, organizer.token)) for url in urls[:5]]
        watchers = [(await watch(each, f"attendance:{event}"))[0] for each in opened]
        counts = [(await watch(each, f"events:{event}"))[0] for each in opened]
        began = asyncio.get_running_loop().time()
        marking = asyncio.gather(*(mark(number, guest) for number, guest in enumerate(guests)))
        await watchers[0].count(20)
        await opened[3].disconnect()
        await watchers[0].count(100)
        await opened[3].connect()
        await marking
        assert asyncio.get_running_loop().time() - began < 10
        for watcher in watchers:
            await watcher.count(200)
            assert watcher.offsets == list(range(1, 201))
            assert {each["user"]["id"] for each in watcher.said} == {guest.number for guest in guests}
        for watcher in counts:
            await watcher.until(lambda each: each.said[-1]["attended"] == 200)
            assert watcher.offsets == sorted(set(watcher.offsets))
        assert watchers[3].subscribed[-1].recovered
        stored = await scene.stores.attendance.counts(event)
        assert stored is not None
        assert (stored.attended, stored.version) == (200, counts[0].said[-1]["version"])
    assert await scene.stores.database["interactions"].count_documents({"event": event}) == 200
    for api in apis:
        api.api.close()
