"""Keras models -> LiteRT flatbuffers, checked, cached and bundled."""
