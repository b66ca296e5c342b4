"""From a reco file and an analysis card to efficiencies and limits."""
