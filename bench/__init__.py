"""Benchmarks of emberkv beside its peers: ``python -m bench`` or ``make bench``."""
