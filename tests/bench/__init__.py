"""`make bench`: bertsim and its peers side by side in one run, printed as one table. Nothing here is a test."""
