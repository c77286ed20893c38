"""What `bench/run` is made of: private servers, load, seeds, figures and the report."""
