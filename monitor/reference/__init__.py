"""The pages of docs/reference/ and the picture that are made from the code: `python -m monitor.reference docs` writes them.

Each module here makes one file, always the same of the same code; tests compare them.
"""
