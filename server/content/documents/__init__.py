"""Documents: making, finding and changing them."""
