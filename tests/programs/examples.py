"""How many examples a test draws whose every example is a program compiled in several ways."""

from hypothesis import settings

CI = settings.get_profile("ci").max_examples


def several(part=1.0):
    """A part of what the profile says; under `ci` no more than 15, as an example takes half a second."""
    count = max(10, int(settings.default.max_examples * part))
    return settings(max_examples=min(count, 15) if settings.default.max_examples <= CI else count)
