"""The pages of docs/reference/ that are made from the code: `python -m monitor.reference docs/reference` writes them.

Each module here has one function `page() -> str`, the whole page as Markdown, the same for the same code. Tests compare them.
"""
