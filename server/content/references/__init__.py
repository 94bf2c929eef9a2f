"""References: what a revision refers to, found when it is saved and kept beside it; where documents and files are used; and
links by id, which lead to where their targets are at the moment."""
