"""Planes that are none of the four classes: the maternal cervix, and other parts of the fetus.

Each module paints one kind of section as `planes.Painter` asks; none of them knows the scanner.
"""
