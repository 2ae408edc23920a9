"""The kinds of job beside a run, a file each; engine/jobs/kinds.py is the table that names them."""
