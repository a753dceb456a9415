"""The app as a visitor meets it: `python app.py` in a process of its own, driven by a real Chromium."""
