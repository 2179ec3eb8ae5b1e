"""A marketplace for freelance services: one package per part of the business, and the modules that know none of it."""
