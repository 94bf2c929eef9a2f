"""Images made from files: made once, and kept.

- **specification**: what is to be made, as an address says it: `w960.webp`.
- **listed**: of a width of RENDITION_WIDTHS, and without a height. What is listed anybody may have made of a file that they may
  have; all else wants a **signature**, so that nobody fills the storage with what no page shows.
"""
