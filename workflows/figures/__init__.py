"""The figures, one file each: curves from the pipeline, and how they are drawn."""
