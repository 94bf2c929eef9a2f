"""The audit: who did what, when and from where.

- **event**: one act. Stored in the transaction of the act itself, so that neither exists without the other.
- **actor**: the account that acted. **target**: what it acted on. **action**: the verb, as `domain.verb`.
- **seal**: an event's place in the chain: its number, from 1 without gaps, and its hash. A job gives it to what has committed,
  within a second. Until then the event is **unsealed**: it stands on a list, with a digest that shows if it is altered.
- **chain**: an event's hash covers the hash of the one before. Whoever noted one number and its hash can tell later whether
  anything up to there was changed.
- **details**: what else a reader wants to know: ids, states, roles, and `before` and `after`. Hashed, so never a secret.
- **personal data**: what says something about a person (addresses, names). It stands beside the event, which has only its keyed
  hash, and can be erased without breaking the chain.

`add` writes an event; `event` and `inserts` write it within a statement of the domain's own; `erase` erases what is personal.
The server's database role can INSERT and SELECT events and seals, and besides that DELETE what is personal, and from the list.
"""

from server.audit.writing import add, erase, event, inserts, origin

__all__ = ["add", "erase", "event", "inserts", "origin"]
