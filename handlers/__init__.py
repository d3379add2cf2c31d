"""HTTP dialects over one set of stores.

How a dialect plugs in: a folder beside `core` whose `__init__.py` holds `DIALECT = Dialect(…)`. Nothing
else is edited: `core.dialect.discover` finds it, `core.routing` gives it the paths that it claims (the
longest claim wins), `core.handler` runs its operations and asks its handler class for the words of every
error. Its `live.py` names the channels through which its changes reach subscribers.

Dialects share `core` and the stores, and never import each other.
"""
