"""Formats: what bytes are, by the structure of all of them. It is parsed in a process of its own
(`server.background.processes`), since a decoder that meets what was made for it takes any time and any memory.

- **format**: how files of a media type are built, and the parser that goes through one.
- **malformed**: not built so, or built so that it is something else as well.

Nothing here knows anything of Gazette, and nothing imports a decoder before it is used: the process that serves loads none.
"""
