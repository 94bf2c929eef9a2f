"""Signing in, and the devices that have signed in before."""
