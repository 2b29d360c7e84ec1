"""What check-load.py needs."""
