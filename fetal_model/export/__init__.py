"""A finding that leaves the program: JSON, CSV, Parquet, PNG, PDF, DICOM, FHIR.

Nothing is analysed here. Pages and the command line use the same functions.
"""
