"""Report: one page that shows what a threshold costs and keeps, and works from a file without network."""
