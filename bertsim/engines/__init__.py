"""`TokenBatch` -> `EncoderOutput`: what every engine offers, batches, LiteRT, TensorFlow."""
