"""The way in: bytes are received, looked at, stored, or leave nothing behind."""
