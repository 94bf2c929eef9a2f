"""Pages that were written elsewhere as files: HTML, Word and Markdown, each file a document.

- **place**: where a file's page comes to be: its path and locale, and the translation key by which it is known again.
- **page**: what was read of a file, before its links and images are those of the site.
- **target**: where a link or an image leads: another page of the source, a file that comes along, or elsewhere.
- **note**: what of a file does not arrive, or not as it was.
"""
