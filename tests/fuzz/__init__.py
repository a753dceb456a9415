"""Generated bad input on every way in: hypothesis makes it, `attempt` says how it was taken, anything else is a fault."""
