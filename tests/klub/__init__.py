"""Tests of Klub."""
