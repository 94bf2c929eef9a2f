"""The mails of auth: who writes which kind, and their words."""
