"""Storage: the home folder, a folder per job, the database that lists the jobs, uploads and the cache."""
