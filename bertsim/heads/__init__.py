"""`EncoderOutput` -> logits: config, network in Keras, reading of folders and of classifiers inside checkpoints."""
