"""A quiz on the four planes as plain data: what is asked, what was answered, how well that went.

Nothing here knows of a page, and nothing is written to disk.
"""
