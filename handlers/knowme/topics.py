"""Topics of a profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from handlers.core.dialect import Route
from handlers.core.operation import operation
from handlers.core.rest.fields import as_patch
from handlers.knowme.objects import TopicObject
from handlers.knowme.schemas import TopicBody
from handlers.knowme.users import TreeHandler
from storage.belongings import Contents, Item, Profile, Topic


class TopicShower(TreeHandler):
    """Shows topics with everything below them."""

    async def show_topics(self, topics: Sequence[Topic]) -> list[TopicObject]:
        """Expand topics: items, entries and media in three queries, whatever the number of topics."""
        items = await self.knowme.items.within(self.owner.oid, *(topic.id for topic in topics))
        contents = await self.knowme.contents(self.owner.oid, items)
        by_topic: dict[int, list[Item]] = defaultdict(list)
        for item in items:
            by_topic[item.topic_id].append(item)
        return [self.objects.topic(topic, by_topic[topic.id], contents) for topic in topics]


class TopicsHandler(TopicShower):
    """The topics of a profile."""

    profile: Profile

    async def find(self, profile: int) -> None:
        """Find the profile."""
        self.profile = await self.knowme.profiles.find(self.owner.oid, profile)

    @operation(returns=list[TopicObject])
    async def get(self) -> list[TopicObject]:
        """List the topics, fully expanded."""
        return await self.show_topics(await self.knowme.topics.within(self.owner.oid, self.profile.id))

    @operation(body=TopicBody, returns=TopicObject, status=201)
    async def post(self, body: TopicBody) -> TopicObject:
        """Make a topic."""
        made = await self.knowme.topics.add(self.owner.oid, body.changes, parent=self.profile.id)
        return self.objects.topic(made, (), Contents({}, {}))


class TopicHandler(TopicShower):
    """One topic."""

    topic: Topic

    async def find(self, topic: int) -> None:
        """Find the topic."""
        self.topic = await self.knowme.topics.find(self.owner.oid, topic)

    @operation(returns=TopicObject)
    async def get(self) -> TopicObject:
        """Return the topic, fully expanded."""
        return (await self.show_topics([self.topic]))[0]

    async def change(self, body: TopicBody) -> TopicObject:
        """Change what is sent."""
        topic = await self.knowme.topics.change(self.owner.oid, self.topic.id, body.changes)
        return (await self.show_topics([topic]))[0]

    patch = operation(body=as_patch(TopicBody), returns=TopicObject)(change)
    put = operation(body=TopicBody, returns=TopicObject)(change)


ROUTES = (
    Route("/know-me/profiles/{profile}/topics/", TopicsHandler),
    Route("/know-me/topics/{topic}/", TopicHandler),
)
