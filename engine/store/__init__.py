"""What lasts: the home folder, a folder per job, the database that lists them, uploads and the cache."""
