"""The Know Me dialect."""
