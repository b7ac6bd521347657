"""Labelled scans: manifests, patient-grouped splits and the training pipeline."""
