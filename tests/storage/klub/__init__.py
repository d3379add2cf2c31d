"""Tests of what Klub keeps."""
