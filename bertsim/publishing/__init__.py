"""Model cards, and folders sent to the Hub."""
