"""This machine: its processor, memory and versions, and whether the installation is whole."""
