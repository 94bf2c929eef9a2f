"""Change notes: what readers are told of the changes of a page, and its history of them."""
