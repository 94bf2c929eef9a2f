"""The mails of auth: their words, and who writes which kind."""
