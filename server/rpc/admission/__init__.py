"""What of all that comes is let in: how much at once, how often, and for how long."""
