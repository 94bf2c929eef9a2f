"""Uploads in pieces, by AppendUpload and tus, and uploads straight to the object storage."""
