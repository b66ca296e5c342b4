"""Beams as accelerators have them: their energies spread, and they radiate before they meet."""
