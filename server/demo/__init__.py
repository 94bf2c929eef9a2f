"""The demo: an organisation, four accounts and ten documents, made through the API as people would. For development only."""
