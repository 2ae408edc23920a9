"""Jobs: the queue that a home keeps, the supervisor that serves it, and the executor that runs one job."""
