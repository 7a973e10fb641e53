"""The archive of portraits: how they are kept, found and read again."""
