"""Views: records in, HTML and SVG out. Pure, escaped, without gradio and without TensorFlow; one file per view."""
