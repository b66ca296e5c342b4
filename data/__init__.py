"""Everything at rest and how to read it: cards, published curves, units, event files."""
