"""Review dates: by when a page must be looked at again, who is told when it is due, and that it is still right."""
