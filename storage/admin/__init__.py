"""What administrators look at and do, whichever dialect a person came by; scripts make the same calls."""
