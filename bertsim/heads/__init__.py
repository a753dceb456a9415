"""`EncoderOutput` -> logits: config, network in Keras, reading of folders, classifiers inside checkpoints."""
