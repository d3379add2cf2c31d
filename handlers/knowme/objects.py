"""The objects that are answered, made of what is stored; orders of fields are the contract's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from storage.belongings import (
    Contents,
    EmergencyContact,
    EmergencyItem,
    Item,
    KnowMeUser,
    Media,
    Profile,
    Topic,
)


@dataclass(frozen=True, slots=True)
class UserObject:
    """A Know Me user in a list."""

    id: int
    url: str
    name: str
    quote: str | None


@dataclass(frozen=True, slots=True)
class ProfileObject:
    """A profile in a list."""

    id: int
    url: str
    name: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class UserDetail(UserObject):
    """A Know Me user with its profiles."""

    emergency_items_url: str
    gallery_url: str
    profiles_url: str
    profiles: list[ProfileObject]


@dataclass(frozen=True, slots=True)
class MediaObject:
    """A media resource; `file` is open to everybody who knows it."""

    id: int
    url: str
    name: str
    file: str


@dataclass(frozen=True, slots=True)
class ImageObject:
    """The image content of an item."""

    id: int
    description: str
    image_resource: MediaObject | None
    media_resource: MediaObject | None


@dataclass(frozen=True, slots=True)
class EntryObject:
    """A line of a list."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class ListObject:
    """The list content of an item."""

    id: int
    entries: list[EntryObject]


@dataclass(frozen=True, slots=True)
class ItemObject:
    """An item; the content that it doesn't have is null."""

    id: int
    url: str
    name: str
    image_content: ImageObject | None
    list_content: ListObject | None


@dataclass(frozen=True, slots=True)
class TopicObject:
    """A topic with its items."""

    id: int
    url: str
    name: str
    topic_type: int
    items_url: str
    items: list[ItemObject]


@dataclass(frozen=True, slots=True)
class ProfileDetail(ProfileObject):
    """A profile with its topics."""

    topics_url: str
    topics: list[TopicObject]


@dataclass(frozen=True, slots=True)
class EmergencyItemObject:
    """Something to know in an emergency."""

    id: int
    url: str
    name: str
    description: str
    media_resource: MediaObject | None


@dataclass(frozen=True, slots=True)
class ContactObject:
    """Somebody to call in an emergency."""

    id: int
    url: str
    name: str
    relation: str
    phone_number: str
    alt_phone_number: str
    email: str


@dataclass(frozen=True, slots=True)
class Objects:
    """Makes what is answered of what is stored; `base` begins every address."""

    base: str

    def link(self, kind: str, number: int, *more: str) -> str:
        """Return the address of a thing, or of something below it."""
        return "/".join([self.base, "know-me", kind, str(number), *more, ""])

    def user(self, user: KnowMeUser, name: str) -> UserObject:
        """Return a Know Me user."""
        return UserObject(user.id, self.link("users", user.id), name, user.quote)

    def user_detail(self, user: KnowMeUser, name: str, profiles: Iterable[Profile]) -> UserDetail:
        """Return a Know Me user with its profiles."""
        return UserDetail(
            user.id,
            self.link("users", user.id),
            name,
            user.quote,
            emergency_items_url=self.link("users", user.id, "emergency-items"),
            gallery_url=self.link("users", user.id, "gallery"),
            profiles_url=self.link("users", user.id, "profiles"),
            profiles=[self.profile(each) for each in profiles],
        )

    def profile(self, profile: Profile) -> ProfileObject:
        """Return a profile."""
        return ProfileObject(profile.id, self.link("profiles", profile.id), profile.name, profile.is_default)

    def profile_detail(self, profile: Profile, topics: list[TopicObject]) -> ProfileDetail:
        """Return a profile with its topics."""
        url = self.link("profiles", profile.id)
        topics_url = self.link("profiles", profile.id, "topics")
        return ProfileDetail(profile.id, url, profile.name, profile.is_default, topics_url, topics)

    def topic(self, topic: Topic, items: Iterable[Item], contents: Contents) -> TopicObject:
        """Return a topic with its items."""
        url, items_url = self.link("topics", topic.id), self.link("topics", topic.id, "items")
        shown = [self.item(each, contents) for each in items]
        return TopicObject(topic.id, url, topic.name, topic.topic_type, items_url, shown)

    def item(self, item: Item, contents: Contents) -> ItemObject:
        """Return an item with its content."""
        image = entries = None
        if item.image_content is not None:
            stored = item.image_content
            image = ImageObject(
                stored.id,
                stored.description,
                self.media_in(contents.media, stored.image_resource),
                self.media_in(contents.media, stored.media_resource),
            )
        if item.list_id is not None:
            lines = contents.entries.get(item.id, ())
            entries = ListObject(item.list_id, [EntryObject(each.id, each.text) for each in lines])
        return ItemObject(item.id, self.link("items", item.id), item.name, image, entries)

    def media(self, media: Media) -> MediaObject:
        """Return a media resource."""
        file = f"{self.base}/media/{quote(media.path)}"
        return MediaObject(media.id, self.link("media-resources", media.id), media.name, file)

    def media_in(self, known: Mapping[int, Media], number: int | None) -> MediaObject | None:
        """Return the media resource with the id, where there is one."""
        found = known.get(number) if number is not None else None
        return self.media(found) if found is not None else None

    def emergency_item(self, item: EmergencyItem, media: Mapping[int, Media]) -> EmergencyItemObject:
        """Return an emergency item."""
        url = self.link("emergency-items", item.id)
        shown = self.media_in(media, item.media_resource)
        return EmergencyItemObject(item.id, url, item.name, item.description, shown)

    def contact(self, contact: EmergencyContact) -> ContactObject:
        """Return an emergency contact."""
        return ContactObject(
            contact.id,
            self.link("emergency-contacts", contact.id),
            contact.name,
            contact.relation,
            contact.phone_number,
            contact.alt_phone_number,
            contact.email,
        )
