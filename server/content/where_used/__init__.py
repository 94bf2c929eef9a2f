"""Where documents and files are used: what refers to them, and what documents refer to."""
