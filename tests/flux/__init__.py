"""Tests of flux."""
