"""`TokenBatch` -> `EncoderOutput`, and -> logits: what every engine offers, and batches; LiteRT, TensorFlow."""
