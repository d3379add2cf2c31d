"""Tests of Comics."""
