"""What others are told over HTTP of what has happened."""
