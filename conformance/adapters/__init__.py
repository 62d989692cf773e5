"""Adapters of known implementations, one file each."""
