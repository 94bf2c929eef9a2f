"""Mail: what the service tells people by e-mail.

- **mail**: one message to one recipient. It is queued in the transaction of the act that it tells of, so that neither exists
  without the other, and sent by a background job, again and again if need be.
- **kind**: what it says, such as `password-reset`. The domain that queues a kind also writes its text, when it is sent: so what
  is secret in it, such as a link's token, is never stored.
"""

from server.mail.queries import add, erase

__all__ = ["add", "erase"]
