"""Maintenance: each module runs with `python -m scripts.NAME`, beside a running server or without one."""
