"""Texts: the form that each kind of string is brought into, and which characters make it none that is taken.

`gazette.text.v1` says in the contract what each string of a request is, and `server.rpc.requests.settling` applies it.
`naming` is about what callers are told: how they write the names of fields. Everything here is pure, and its cost is linear in
the length of the text.
"""
