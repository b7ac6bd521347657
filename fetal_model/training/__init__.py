"""From a recipe to a version folder."""
