"""The verbs of the façade, on the home that the environment names. Thin: each calls the room that knows how.

`questions` are answered here and now; `recipes` and `jobs` are what is run; `home` is what lies in the home folder.
"""
