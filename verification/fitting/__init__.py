"""From a user's own matched rows to parameters, a decision and its alternatives."""
