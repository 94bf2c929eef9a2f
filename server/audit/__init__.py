"""The audit: who did what, when and from where.

- **event**: one act. Stored in the transaction of the act itself, so that neither exists without the other, and numbered from 1
  without gaps, in the order of commit.
- **actor**: the account that acted. **target**: what it acted on. **action**: the verb, as `domain.verb`.
- **chain**: an event's hash covers the hash of the one before. Whoever noted one number and its hash can tell later whether
  anything up to there was changed.
- **details**: what else a reader wants to know: ids, states, roles, and `before` and `after`. Hashed, so never a secret.
- **personal data**: what says something about a person (addresses, names). It stands beside the event, which has only its keyed
  hash, and can be erased without breaking the chain.

`queries.add` holds an event until right before the commit: the chain's lock, which everybody wants, is the last and shortest.
The server's database role can INSERT and SELECT events, and besides that DELETE what is personal.
"""

from server.audit.queries import add, erase

__all__ = ["add", "erase"]
