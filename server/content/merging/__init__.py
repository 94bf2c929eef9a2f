"""Merging: what two people made of one version of a document becomes one, and what cannot is named."""
