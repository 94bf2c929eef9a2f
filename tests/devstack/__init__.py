"""The embedded stack and the Envoy configuration that it uses."""
