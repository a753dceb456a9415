"""`TokenBatch` -> `EncoderOutput`, and -> logits: what every engine offers, batches, LiteRT, TensorFlow."""
