"""Measures what the product promises: `python -m scripts.bench [NAME [key=value…]]…`.

Each module beside this one is a bench: `async def run(progress, *, key=default…)` returns what it found as
plain data. Modules whose name starts with an underscore are their tools.
"""
