"""The smoke test: `gazette smoke`. It asks a running installation, as its users would, whether a new version serves.

- **check**: one question, with a name. It passes, fails, or is skipped with the reason why it could not be asked.
- **site**: the installation that is asked, over HTTPS as the public comes, and over gRPC where that is given.
- **sample**: the page that is read: the one of `--path`, or else the one that was published last.
"""
