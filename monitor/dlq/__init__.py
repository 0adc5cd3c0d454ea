"""Dead letters for an operator: see which there are, look at one, send some again, drop them."""
