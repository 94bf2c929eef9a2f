"""Lists of documents: what they are filtered and sorted by, and how somebody walks through them.

- **filter**: a condition that a request names; all that it names have to hold. What a filter says of a document's words is of
  its newest revision, which the document's row says beside it (`models.Document.newest_title` and what follows).
- **term**: one field of an order, with its direction.
- **place**: where in an order a document stands: what each term says of it, and its id.
"""
