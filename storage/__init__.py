"""Stores: one per aggregate, typed methods in, domain errors out; the only room that knows MongoDB."""
