"""What makes a site of the pages in `docs/`: their order, the pages of files that they link to, and the look.

The pages are written to be read in the repository. MkDocs renders them; here is only what it cannot know.
"""
