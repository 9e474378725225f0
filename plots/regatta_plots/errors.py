"""What the package tells its user in one line."""


class RecordError(Exception):
    """The file cannot be read as a results file."""


class UsageError(Exception):
    """The user asked for something that does not exist."""


class NoData(Exception):
    """The file has nothing that this figure shows; the text says what it would need."""
