"""What files cost: their ways in and out, their memory, and what others notice of them."""
