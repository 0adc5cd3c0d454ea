"""How people come to hear of it: the outbox and those who empty it."""
