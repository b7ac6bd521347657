"""The engine: one pass of the trunk in ONNX Runtime, then the head in NumPy."""
