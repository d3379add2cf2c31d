"""The key by which programs act for a person."""

from __future__ import annotations

import re

from tests.pybossa.browser import FORM, JSON, Browser, flat
from tests.pybossa.village import Village
from tests.serving import Api

RESET = "/account/johndoe/resetapikey"


async def test_the_form_is_json_whoever_asks(john: Browser, api: Api) -> None:
    for answer in (await john.see(RESET), await john.get("/account/nobody/resetapikey")):
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.json.keys() == {"form"}
        assert answer.json["form"].keys() == {"csrf"}
    assert (await api.get(RESET, **JSON)).status == 302


async def test_the_former_key_is_dead_at_once(john: Browser, village: Village) -> None:
    former = (await village.user("johndoe")).api_key
    program = Browser(village.api, Authorization=former)
    assert (await program.get("/account/profile")).json["user"]["api_key"] == former
    token = (await john.get(RESET)).json["form"]["csrf"]
    answer = await john.post(RESET, token=token)
    assert flat(answer) == (200, "New API-KEY generated", "success", "/account/johndoe/")
    assert (await program.get("/account/profile")).json["status"] == "not_signed_in"
    key = (await village.user("johndoe")).api_key
    assert key != former
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", key)
    assert (await Browser(village.api, Authorization=key).get("/account/profile")).json["user"]["id"]
    assert (await john.get("/account/profile")).json["user"]["api_key"] == key


async def test_admins_may_and_others_may_not(john: Browser, village: Village) -> None:
    former, mary = (await village.user("johndoe")).api_key, await village.settle("mary", "Mary Major")
    assert (await mary.post(RESET)).status == 403
    assert (await mary.post("/account/nobody/resetapikey")).status == 404
    assert (await village.user("johndoe")).api_key == former
    await village.change("mary", auth__superuser=True)
    assert (await mary.post(RESET)).json["next"] == "/account/johndoe/"
    assert (await village.user("johndoe")).api_key != former


async def test_a_key_alone_resets_nothing(john: Browser, village: Village) -> None:
    key = (await village.user("johndoe")).api_key
    answer = await village.api.post(RESET, {}, Content_Type="application/json", Authorization=key)
    assert (answer.status, answer.json["description"]) == (400, "CSRF validation failed.")
    assert (await village.user("johndoe")).api_key == key


async def test_people_press_a_button(john: Browser) -> None:
    token = await john.token()
    answer = await john.call("POST", RESET, f"csrf_token={token}".encode(), FORM)
    assert (answer.status, answer.headers["Location"]) == (302, "/account/johndoe/")
    assert "New API-KEY generated" in (await john.see("/account/johndoe/")).text


async def test_others_hear_of_it_on_their_channel(john: Browser, village: Village) -> None:
    await john.post(RESET)
    number = (await village.user("johndoe")).id
    found = await village.stores.outbox.read(f"identity#{number}", None, 10)
    assert found.messages[-1].data["type"] == "api_key_reset"
