"""Tables of pairs or sentences -> tables of scores or vectors, in chunks that outlive a stop. Nothing here prints."""
