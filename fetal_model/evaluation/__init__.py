"""How good a version is, from its predictions, with n and intervals; and its card."""
