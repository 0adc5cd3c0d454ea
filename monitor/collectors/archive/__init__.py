"""Hours of GH Archive and its mirror: fetched, checked, sifted."""
