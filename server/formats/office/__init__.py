"""Documents of offices, packages of XML in a ZIP archive: how they are built, what is known of them, and what they say."""
