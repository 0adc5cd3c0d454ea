"""An exposure: what is known of one leak, how it changes, how it is shown."""
