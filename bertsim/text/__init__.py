"""Text -> `TokenBatch`: tokenizer, packing of pairs, tokenizer files, masks, what was not read."""
