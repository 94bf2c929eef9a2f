"""Auth: who may sign in, what they may do and where, and how the service knows them again.

- **account**: a person, or a service, that calls. People sign in with an email address and a password; services have API keys.
- **grant**: a role that an account holds in one organisation or in all. Roles add up: each can do what the one before it can.
- **permission**: what a method of the contract asks for. `rules.py` says which role brings which.
- **session**: one sign-in, a family of refresh tokens of which only the newest is valid. It ends by sign-out, by expiry, or
  when an older refresh token of it turns up again, which is taken for theft.
- **access token**: a JWT that says for some minutes who the caller is and what it may do. Checking one asks nobody.
- **refresh token**: a signed pair of session and counter, exchanged for the next one. None is stored.
- **key ring**: the keys of access tokens: one signs, and one or more verify. Others verify by the public ones, the JWKS.
- **revocation**: the end of a session or an API key before its time, which every process hears of.
- **API key**: what a service calls with, in place of an access token. Of each a hash is stored.
- **scope**: a permission that an API key may use, as far as its account has it.
- **invitation**: an account without a password, and a link to set one.
- **link**: what a mail carries so that whoever can read it may do one thing, once: accept an invitation, set another password,
  confirm an address. Its token is signed, and not stored.
- **authenticator app**: a second factor (TOTP). Its secret is sealed: encrypted under a key that the database does not have.
- **recovery code**: stands in, once, for an app that was lost.
- **throttle**: how many guesses at a secret there may be. Each is counted before it is made, and given back if it was right.
- **budget**: so many attempts in so much time, of an account, an address or a device.
- **device**: a program that signed in to an account before. It shows that by its device token, which is no credential, and
  strangers' guesses do not keep it out.
- **erasure**: the end of all that is personal in an account. Its id stays, since histories name it.
- **path prefix**: a part of the site that is one organisation's own. Of several that cover a path, the longest counts.

A method of the contract stands in the module of its part (`sign_in.py`, `profile.py`, `api_keys.py`); `service.py` and
`account_service.py` put the parts together. `*_rules.py` decide, `*_queries.py` speak SQL, `*_commands.py` are commands.
"""
