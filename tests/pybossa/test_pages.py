"""The pages: forms that work without scripts, errors beside their fields, nothing that people wrote runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from handlers.pybossa.rules import TEMPLATES
from storage.pybossa.contributions import Run
from tests.pybossa.browser import FORM, Browser
from tests.pybossa.village import PASSWORD, Village
from tests.serving import Api

EVIL = "<script>{{7*7}}</script>"
PAGES = {
    "/account": "Community",
    "/account/register": "Register",
    "/account/signin": "Sign in",
    "/account/forgot-password": "Forgotten password",
}


class Reader(HTMLParser):
    """Collects the elements of a page by their tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element with a tag."""
        return [attributes for name, attributes in self.found if name == tag]

    def field(self, name: str) -> dict[str, str | None]:
        """Return the attributes of a form's field."""
        (found,) = [each for each in self.all("input") if each.get("name") == name]
        return found

    def ids(self) -> set[str | None]:
        """Return every id."""
        return {each.get("id") for _, each in self.found}


@pytest.mark.parametrize(("path", "title"), PAGES.items())
async def test_a_page_is_titled_and_lets_nothing_foreign_in(api: Api, path: str, title: str) -> None:
    answer = await api.get(path)
    assert f"<title>{title} · Folkmoot</title>" in answer.text
    assert f"<h1>{title}</h1>" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "form-action 'self'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = Reader(answer.text)
    assert page.all("script") == page.all("style") == []
    assert [each for _, each in page.found if "style" in each or any(key[:2] == "on" for key in each)] == []
    assert [each["role"] for each in page.all("div") if "role" in each] == ["status"]


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/account"])
async def test_every_field_of_a_form_has_its_label(api: Api, path: str) -> None:
    page = Reader((await api.get(path)).text)
    fields = [each for each in page.all("input") if each.get("type") not in {"hidden", "checkbox"}]
    labels = {each.get("for") for each in page.all("label")}
    assert fields
    assert {each["id"] for each in fields} <= labels
    (form,) = page.all("form")
    assert (form["method"], form.get("action")) == ("post", None)


async def test_an_error_stands_beside_its_field(browser: Browser) -> None:
    answer = await browser.submit("/account/register", {"fullname": "Jo", "name": "johndoe", "password": "x"})
    assert answer.status == 200
    page = Reader(answer.text)
    wrong = page.field("fullname")
    assert (wrong["aria-invalid"], wrong["aria-describedby"]) == ("true", "fullname-error")
    assert "Full name must be between 3 and 35 characters long" in answer.text
    assert "aria-invalid" not in page.field("name")
    for field in page.all("input"):
        assert set((field.get("aria-describedby") or "").split()) <= page.ids()
    assert (wrong["value"], page.field("name")["value"]) == ("Jo", "johndoe")
    assert re.search(r'role="status">\s*<p [^>]*data-kind="error">Please correct the errors</p>', answer.text)


async def test_no_page_repeats_a_password(browser: Browser) -> None:
    fields = {"password": "my-secret", "confirm": "my-secret", "email": "a@example.com"}
    for path in ("/account/register", "/account/signin"):
        answer = await browser.submit(path, fields)
        assert "my-secret" not in answer.text
        assert "value" not in Reader(answer.text).field("password")


async def test_a_person_may_do_without_scripts(village: Village, browser: Browser) -> None:
    await village.settle("johndoe")
    answer = await browser.submit(
        "/account/signin?next=/account/", {"email": "johndoe@example.com", "password": PASSWORD}
    )
    assert (answer.status, answer.headers["Location"], answer.body) == (302, "/account/", b"")
    page = (await browser.see("/account/")).text
    assert 'data-kind="success">Welcome back John Doe</p>' in page
    assert 'href="/account/johndoe/"' in page
    assert "Welcome back" not in (await browser.see("/account/")).text


async def test_what_people_write_is_shown_and_never_run(village: Village, browser: Browser) -> None:
    """Stored scripts and templates: names of people and of projects, addresses, messages."""
    john = await village.settle("john<i>{{8*8}}", EVIL, email_addr="e@example.com")
    project = await village.project("john<i>{{8*8}}", EVIL.lower())
    task = await village.stores.projects.add_task(project)
    await village.stores.contributions.add(Run(task, (await village.user("john<i>{{8*8}}")).id))
    shown = "&lt;script&gt;{{7*7}}&lt;/script&gt;"
    for viewer in (john, browser):
        for path in ("/account", "/account/john%3Ci%3E%7B%7B8*8%7D%7D/"):
            text = (await viewer.see(path)).text
            assert "<script" not in text.lower()
            assert ">49<" not in text
            assert "64" not in re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", text)
            assert "<i>" not in text
            assert shown in text or shown.title() in text
    fields = {"email": "e@example.com", "password": PASSWORD}
    other = Browser(village.api)
    await other.submit("/account/signin?next=/account", fields)
    assert f"Welcome back {shown}" in (await other.see("/account")).text


async def test_a_refused_form_shows_what_was_sent_and_runs_none_of_it(browser: Browser) -> None:
    sent = '"><script>alert(1)</script>{{7*7}}'
    answer = await browser.submit("/account/register", {"fullname": sent})
    assert "<script" not in answer.text
    assert Reader(answer.text).field("fullname")["value"] == sent


async def test_a_query_is_never_part_of_a_page(browser: Browser) -> None:
    answer = await browser.see("/account/signin?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script" not in answer.text


async def test_a_form_of_another_site_is_refused(john: Browser) -> None:
    body = b"email=a%40example.com&password=x"
    answer = await john.call("POST", "/account/signin", body, FORM)
    assert answer.status == 400
    assert "CSRF validation failed." in answer.text


@pytest.mark.parametrize("page", ["400", "403", "404", "405", "413", "415", "429", "500"])
def test_every_error_has_its_page(page: str) -> None:
    assert Path(TEMPLATES / f"{page}.html").read_text().startswith('{% extends "error.html" %}')


async def test_a_strange_page_leads_back(api: Api) -> None:
    for method, path, status in (("GET", "/account/a/b", 404), ("PUT", "/account/signin", 405)):
        answer = await api.call(method, path)
        assert (answer.status, 'href="/"' in answer.text) == (status, True)


async def test_a_body_over_its_limit_is_a_page_too(browser: Browser) -> None:
    answer = await browser.call("POST", "/account/signin", b"x" * (1 << 20 | 1), FORM)
    assert (answer.status, "This is too large" in answer.text) == (413, True)
