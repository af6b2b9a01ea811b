"""The order in which tests run."""


def pytest_collection_modifyitems(items):
    """Begin with the tests that wait for real processes, so that none of them is left over when all others are done."""
    items.sort(key=lambda item: item.path.name not in ("test_end_to_end.py", "test_pages.py", "test_nightly.py"))
