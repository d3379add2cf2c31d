"""Tests of the community's storage."""
