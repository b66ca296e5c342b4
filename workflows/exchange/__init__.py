"""Interfaces to other tools: events as LHE and HepMC3, tables for HEPData, counting analyses as pyhf workspaces."""
