"""Publish checks: what is looked at before a document becomes public (docs/publish-checks.md). What its `details` must be like
is another matter: that is `checks`.

- **check**: one thing that is looked for, by a stable name (`registry`).
- **level**: what a problem means, as the content type says.
- **outline**: what a text's HTML holds. **source**: the text as its author wrote it, where lines come from.
- **finding**: what a check has found, and where. **problem**: a finding at its level, in an answer.
- **judgement**: all that was found in a revision. **override**: publishing in spite of what blocks, for a reason.
"""
