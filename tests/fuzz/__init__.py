"""Generated bad input on every way in: hypothesis makes it, `attempt` says how it was taken, else it is a fault."""
