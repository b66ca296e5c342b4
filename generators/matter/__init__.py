"""Nuclei and targets: form factors, materials, electromagnetic showers."""
