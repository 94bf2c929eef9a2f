"""Authenticator apps: setting one up, checking its codes, and the recovery codes that stand in for it."""
