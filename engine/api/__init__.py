"""The verbs of the façade, on the home that the environment names. Each is a thin call of another package.

`questions` has what is answered at once, `recipes` and `jobs` what is run, `home` the contents of the home folder.
"""
