"""Content: where editors draft, review and publish.

- **document**: one thing that an organisation publishes, in one locale. Every change locks its row; its `version` is the etag.
- **revision**: what a document said at one save. Never changed.
- **draft side**: where the newest revision stands while it is not public. **live side**: what the public sees of the document.
- **review**: what was said to a revision when it was handed in, approved, given back or taken back.
- **comment**: what somebody says to a document, or a part of it; one that blocks keeps it from being approved.
- **verb**: what leads a document from one state to another. All of them stand in one table (`transitions`).
- **content type**: a kind of document, with the JSON Schema of its `details`. Each change makes a **version** of it.
  A **move** takes a member of the details elsewhere, from its version on, for whoever reads.
- **publication**: a revision becoming what the public sees: on the record and as a page, in one transaction.
- **publish check**: what is looked at before a document becomes public; its problems block, warn or are off.
- **import**: documents that were published elsewhere, brought in as published.
"""
