"""Tests of what is stored of comics."""
