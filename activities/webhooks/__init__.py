"""What a webhook is: the message and its signature, when it is tried again, and when an endpoint counts as lost."""
