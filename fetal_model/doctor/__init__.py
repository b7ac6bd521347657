"""What is wrong with an installation, said line by line.

Nothing here imports anything but Python's own library before its check runs, so that a missing
package is a finding and not a traceback.
"""
