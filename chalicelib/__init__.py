"""Gigmarket: a freelance-services marketplace. One package per part of the business; the modules beside them know none of it."""
