"""The service study: a first social contact answered in time, against one that was not."""
