"""A BERT from plain text: vocabulary, word vectors, a BERT made of them, masked language modelling."""
