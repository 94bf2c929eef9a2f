"""Passwords: which will do, how they are hashed and checked, and how an account gets another one."""
