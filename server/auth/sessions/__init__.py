"""Sessions: how one begins, goes on and ends, and how every process hears of its end."""
