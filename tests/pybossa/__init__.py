"""PyBossa over HTTP."""
