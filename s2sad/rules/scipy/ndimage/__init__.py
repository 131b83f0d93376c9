"""The rules of scipy.ndimage by theme, and what lies around an image by its mode."""

from s2sad.rules.scipy.ndimage import filters, interpolation, measurements, selections

__all__ = ["filters", "interpolation", "measurements", "selections"]
