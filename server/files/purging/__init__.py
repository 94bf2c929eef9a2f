"""What caches before Gazette are told to forget."""
