"""How an exact statement is decided, in symbols and in balls; knows no theorem."""
