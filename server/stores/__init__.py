"""The stores: PostgreSQL, Redis, object storage, and what is kept in them that is no domain's own."""
