"""A checkpoint folder, opened and checked -> BERT in Keras 3: folder, config, tensors, encoder, pooling."""
