"""Taking down: a page is withdrawn, gone, led elsewhere or vanished, and comes back."""
