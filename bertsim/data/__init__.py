"""Files of pairs and sentences -> rows, with the fault of each row that has one; JSON files -> records."""
