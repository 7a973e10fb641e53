"""The archive's migrations: one step a file in ``versions``, oldest first."""
