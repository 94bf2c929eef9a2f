"""Auth: who may sign in, what they may do and where, and how the service knows them again.

- **account**: a person or a service that signs in, with an email address and a password.
- **grant**: a role that an account holds in one organisation or in all. Roles add up: each can do what the one before it can.
- **permission**: what a method of the contract asks for. `rules.py` says which role brings which.
- **session**: one sign-in, a family of refresh tokens of which only the newest is valid. It ends by sign-out, by expiry, or
  when an older refresh token of it turns up again, which is taken for theft.
- **access token**: a JWT that says for some minutes who the caller is and what it may do. Checking one asks nobody.
- **refresh token**: a signed pair of session and counter, exchanged for the next one. None is stored.
- **revocation**: the end of a session before its time, which every process hears of.
- **path prefix**: a part of the site that is one organisation's own. Of several that cover a path, the longest counts.
"""
