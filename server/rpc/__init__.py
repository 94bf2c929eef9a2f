"""What lies between a call on the wire and a handler: the interceptors, and what handlers share."""
