"""Where a model looked: one method a file, and the overlay that shows it."""
