"""Previews: one revision, as the page that it would be, for whoever was given a link."""
