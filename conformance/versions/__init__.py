"""Payloads between versions: recorded ones, and what may be upgraded first."""
