"""Addresses at which a file can be had without further ado."""
