"""The audit: who did what, when and from where.

- **event**: one act. Stored in the transaction of the act itself, so that neither exists without the other.
- **actor**: the account that acted. **target**: what it acted on. **action**: the verb, as `domain.verb`.

Events are only ever inserted: the server's database role can do nothing else with them.
"""
