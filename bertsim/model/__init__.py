"""Text -> scores: `SimilarityModel`, and how one is loaded."""
