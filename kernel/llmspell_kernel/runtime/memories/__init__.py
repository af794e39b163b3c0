"""What scripts remember: messages of conversations, and the entities that they speak of."""
