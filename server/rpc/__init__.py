"""What lies between a call on the wire and a handler: the interceptors, a module each, and what handlers share."""
