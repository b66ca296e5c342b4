"""From a process card to an event file."""
