"""Reading an answer: characters, tokens, the tree."""
