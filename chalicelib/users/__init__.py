"""Users: who someone is here. One account buys and sells; its id is ours, not Cognito's, so that it outlives a lost pool."""
