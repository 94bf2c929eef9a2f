"""What files say, as text."""
