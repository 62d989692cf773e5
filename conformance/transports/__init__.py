"""Transports: ways for a split to travel, each named, each the subject of one WIRE clause."""
