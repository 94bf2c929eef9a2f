"""Whether a document is fit to be saved, handed in or published."""
