"""One room per REST contract. Each translates between its own shapes and the same services, and knows no other."""
