"""Profiles of the property tests: ``--hypothesis-profile=thorough`` runs all of them."""

from hypothesis import settings

settings.register_profile("thorough", settings.default)
