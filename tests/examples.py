"""How many examples a property is tried on, where it names a number of its own. The profiles are made in conftest."""

from hypothesis import settings

USUAL_EXAMPLES = 100  # Hypothesis' own
QUICK_EXAMPLES = 10


def examples(thorough: int) -> int:
    """``thorough``, or as large a part of it as the profile in force takes of the usual number; three at least."""
    return max(min(thorough, 3), thorough * settings().max_examples // USUAL_EXAMPLES)
