"""Fetal Anatomy Lab: which fetal anatomy a scan shows, where the model looked, how sure it is."""
