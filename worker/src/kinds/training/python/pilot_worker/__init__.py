"""The worker's own part in Python: keeps an interpreter warm, and runs training chunks in forks of it."""
