"""Records in, HTML and SVG out: pure, escaped, no gradio, no TensorFlow; a file per view, all arrays from `explain`."""
