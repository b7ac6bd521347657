"""No patient leaves the door: headers, names and writing are taken out of what is shown and kept.

What a model sees is not changed here.
"""
