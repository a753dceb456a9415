"""A checkpoint folder -> BERT in Keras 3: config, encoder, tensors, pooling, manifest."""
