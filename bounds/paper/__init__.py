"""What is stated, one file a topic; its proofs and its note have the same stem."""
