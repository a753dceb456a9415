"""Files of many rows -> files of scores and vectors, in chunks that outlive a kill. Nothing here prints."""
