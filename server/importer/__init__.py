"""The importer: `gazette import` and `gazette export`. A client of the API as any other; it knows no database.

- **source**: one file of what is imported.
- **item**: one content item of GOV.UK's content API: what a source holds, or a link's target that a source embeds.
- **pair**: a translation key and a locale, which name a document. Items of one pair are its successive revisions.
- **embedded item**: an item that no source of its own brings; it becomes a document that is known from links alone.
- **remainder**: what of an item no field of a document says. It stays in `details.govuk`.
- **refusal**: what was not imported, and why.
"""
