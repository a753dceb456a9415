"""Views: records in, HTML, SVG and plain words out; arrays from `explain`. Pure, escaped, no gradio, no TensorFlow."""
