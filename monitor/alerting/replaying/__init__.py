"""What a replay puts through alerting once more."""
