"""Gazette's tests: one folder for each part of the product, against real servers."""
