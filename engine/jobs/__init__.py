"""Jobs: the queue of a home, the supervisor that serves it, and the executor that runs one job."""
