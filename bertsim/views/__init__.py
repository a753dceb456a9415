"""Views: records in, HTML, SVG and plain words out. Pure, escaped, without gradio and TensorFlow."""
