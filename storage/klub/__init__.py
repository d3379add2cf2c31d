"""What Klub keeps: events and who takes part, rights, partners' apps, payment channels."""
