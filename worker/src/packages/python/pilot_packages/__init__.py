"""The worker's own part in Python that installs packages for jobs of any kind."""
