"""How the marketplace is deployed: `stack/` is the template, `build/` packs and deploys it, `local/` runs it on one machine."""
