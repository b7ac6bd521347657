"""What is wrong with a labelled set of scans, found without being told where to look."""
