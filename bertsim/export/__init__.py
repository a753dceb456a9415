"""Keras models -> LiteRT flatbuffers, checked, cached and bundled; and all else that is written of a checkpoint."""
