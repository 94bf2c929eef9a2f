"""The processes of the service: the supervisor, its workers, and what a command is."""
