"""Files of many rows -> files of scores and vectors, in chunks that outlive a kill.

`scoring` says what a chunk of rows scores and what the result depends on, `writing` turns it into bytes, `partial`
keeps what is finished. Nothing here prints.
"""
