"""Requests: from bytes to messages that keep the contract's rules."""
