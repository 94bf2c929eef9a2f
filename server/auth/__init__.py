"""Auth: who may sign in, what they may do and where, and how the service knows them again.

- **account**: a person, or a service, that calls. People sign in with an email address and a password; services have API keys.
- **grant**: a role that an account holds in one organisation or in all. Roles add up: each can do what the one before it can.
- **principal**: an account together with its grants.
- **permission**: what a method of the contract asks for. `permissions.py` says which role brings which.
- **session**: one sign-in, a family of refresh tokens of which only the newest is valid. It ends by sign-out, by expiry, or
  when an older refresh token of it turns up again, which is taken for theft.
- **access token**: a JWT that says for some minutes who the caller is and what it may do. Checking one asks nobody.
- **refresh token**: a signed pair of session and counter, exchanged for the next one. None is stored.
- **key ring**: the keys of access tokens: one signs, and one or more verify. Others verify by the public ones, the JWKS.
- **revocation**: the end of a session or an API key before its time, which every process hears of.
- **API key**: what a service calls with, instead of an access token. Of each a hash is stored.
- **scope**: a permission that an API key may use, as far as its account has it.
- **invitation**: an account without a password, and a link to set one.
- **link**: what a mail carries so that whoever can read it may do one thing, once: accept an invitation, set another password,
  confirm an address. Its token is signed, and not stored.
- **authenticator app**: a second factor (TOTP). Its secret is sealed: encrypted with a key that the database does not have.
- **recovery code**: stands in, once, for an app that was lost.
- **throttle**: how many guesses at a secret there may be. Each is counted before it is made, and given back if it was right.
- **budget**: so many attempts in so much time, of an account, an address or a device.
- **device**: a program that signed in to an account before. It shows that by its device token, which is no credential, and
  strangers' guesses do not keep it out.
- **erasure**: the end of all that is personal in an account. Its id stays, since histories name it.

Each room answers for the methods that are its subject, and imports only rooms below it (`make lint` checks it). Lowest are
`accounts`, which finds a principal, and `guessing`, which counts attempts. Above them stand `links` and `tokens`, then
`sessions`, then `passwords`, then `totp`, and on these `sign_in`, `profile`, `administration` and `api_keys`. `wiring.py` puts
them together; `credentials.py` finds out who calls.
"""
