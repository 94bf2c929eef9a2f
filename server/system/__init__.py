"""How the service itself is doing.

- **component**: a part that the service depends on: the database, its replica, Redis, the object storage.
- **ready**: able to do its work: not draining, and the database within reach. Redis and the object storage may be away: then
  the service is **degraded**, and does what needs neither.
- **probe**: asks every component, at most once a second, so that asking for the health often costs nothing.
"""
