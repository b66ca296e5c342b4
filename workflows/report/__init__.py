"""The report of a workflow: one HTML page with figures, limits, the comparison with the paper, and an explorer."""
