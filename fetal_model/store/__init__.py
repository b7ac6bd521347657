"""Where versions of the models live and which one serves."""
