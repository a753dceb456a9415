"""Text -> `TokenBatch`: tokenizer and the packing of pairs, tokenizer files, masks, what was not read."""
