"""This machine: its processor, memory and versions, and the check of the installation."""
