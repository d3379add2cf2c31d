"""Importing dumps: files of records, checked whole before anything is written.

`lines` and `dumpdata` read records, `importer` leads them through the loaders twice, `mapping`
remembers what a row became. A loader checks and writes the records of one label, in batches.

A dialect adds one module that makes its loaders (`flux` for lines, `knowme` for dumpdata), and a line in
`formats`. For dumpdata: `models` say what rows are like, `arrivals` takes those that are accounts,
`linked` and what is built on it (`things`, `entrances`, `contents`) those that belong to others.
"""
