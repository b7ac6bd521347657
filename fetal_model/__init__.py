"""Fetal Anatomy Lab: which fetal anatomy a scan shows, where the model looked, how sure it is."""

import os

# TensorFlow leaves oneDNN off on processors without AVX-512; a step of the seed CNN takes 2.2
# times as long there without it
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
