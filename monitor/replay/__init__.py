"""Reading again what the bus still keeps, with the rules and the watch list of today."""
