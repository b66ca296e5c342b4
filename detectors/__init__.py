"""From an event file and a detector card to a reco file."""
