"""Importing dumps: files of records, checked whole before anything is written.

`lines` and `dumpdata` read records, `importer` leads them through the loaders twice, `mapping`
remembers which account a row became. A dialect adds one module with its loaders (see `flux`), and a
line in `formats`: a loader checks and writes the records of one label, in batches.
"""
