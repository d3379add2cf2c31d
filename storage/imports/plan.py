"""How a file is imported: which loaders take its records in which order, and what is stored already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from storage.imports.ledger import Key
from storage.imports.record import Loader

Known = Callable[[Sequence[Key]], Awaitable[Collection[Key]]]
Verdict = Callable[[], Awaitable[None]]

# Apps of several systems bring rows with these labels: they are one dialect's, but not beside accounts
# of another kind.
CONTESTED = frozenset({"account.emailaddress", "authtoken.token"})
OWN_ACCOUNTS = "account.user"
OTHER_ACCOUNTS = frozenset({"auth.user", "aklub.profile"})
DISCLAIMED = "it belongs to accounts of another kind in this file"


@dataclass(frozen=True, slots=True)
class Plan:
    """Loaders by label, one mapping a step: rows of a step refer to those of earlier ones.

    `known` tells which rows with some keys need not be in the file, label by label. `verdicts` are
    called when the whole file has been looked at; they raise BadRecord.
    """

    steps: Sequence[Mapping[str, Loader]]
    known: Mapping[str, Known] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = ()

    @property
    def loaders(self) -> Mapping[str, Loader]:
        """Return all loaders."""
        return {label: loader for step in self.steps for label, loader in step.items()}

    @classmethod
    def join(cls, plans: Iterable[Plan]) -> Plan:
        """Make one plan of those of several dialects."""
        plans = list(plans)
        steps = zip_longest(*(plan.steps for plan in plans), fillvalue={})
        known = {label: known for plan in plans for label, known in plan.known.items()}
        verdicts = [verdict for plan in plans for verdict in plan.verdicts]
        return cls([{k: v for step in parts for k, v in step.items()} for parts in steps], known, verdicts)


def disclaimed(labels: Collection[str]) -> frozenset[str]:
    """Return which labels of a file nobody takes, because of the others in it."""
    foreign = OWN_ACCOUNTS not in labels and not OTHER_ACCOUNTS.isdisjoint(labels)
    return CONTESTED.intersection(labels) if foreign else frozenset()
