"""The release site: static pages that show a release to people, made of its tables alone and offline.

``data`` writes what the pages filter, ``charts`` what they draw, ``downloads`` what they hand out, ``targets`` the
facts of the first page, and ``build`` puts them together. Nothing here reads the warehouse: what is not published
cannot be shown.
"""
