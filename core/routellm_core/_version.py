"""The version of the distribution, read by the build and by the packages."""

__version__ = "0.1.0"
